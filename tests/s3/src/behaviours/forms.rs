//! Forms signed by `windlass-signing`: a server takes them as they were signed, and only so.

use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use time::OffsetDateTime;
use windlass_signing::{Checksum, ChecksumAlgorithm, PostConditions, SignedForm, Validity};

use super::own_signer::{quarter_hour, signer};
use crate::sample::noise;
use crate::target::S3Target;
use crate::upload::read;

/// A file of 1,000 to 5,000 bytes.
const CONDITIONS: PostConditions<'static> =
    PostConditions { min_bytes: 1_000, max_bytes: 5_000, content_type: "image/jpeg", checksum: None };

/// Sends a form as a browser does: the fields, then the file. Answers status, entity tag and words.
async fn send(form: &SignedForm, file: &[u8]) -> Result<(u16, String, String)> {
    let boundary = "----windlass-suite-boundary";
    let mut body = Vec::new();
    for (name, value) in &form.fields {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value.as_bytes());
        body.extend_from_slice(b"\r\n");
    }
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"blob\"\r\nContent-Type: image/jpeg";
    body.extend_from_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let client = reqwest::Client::builder().no_proxy().build()?;
    let request = client
        .post(&form.url)
        .header("content-type", format!("multipart/form-data; boundary={boundary}"))
        .body(Bytes::from(body));
    let answer = request.send().await?;
    let etag =
        answer.headers().get("etag").and_then(|etag| etag.to_str().ok()).unwrap_or_default().to_owned();
    Ok((answer.status().as_u16(), etag, answer.text().await?))
}

fn changed(form: &SignedForm, name: &'static str, value: &str) -> SignedForm {
    let mut form = form.clone();
    form.fields.retain(|(found, _)| *found != name);
    form.fields.insert(0, (name, value.to_owned()));
    form
}

/// A form within its conditions becomes the object, for odd keys too, with its type.
pub async fn a_signed_form_brings_an_object(target: &S3Target) -> Result<()> {
    let (signer, client) = (signer(target)?, target.client());
    for (seed, key) in (400..).zip(["forms/photo.jpg", "forms/job 7/roof+side (1).jpg", "forms/写真.jpg"]) {
        let bytes = noise(seed, 3_000);
        let form = signer.post_object(key, &CONDITIONS, &quarter_hour())?;
        let (status, etag, words) = send(&form, &bytes).await?;
        ensure!(status == 201, "{key}: {status} {words}");
        ensure!(!etag.is_empty(), "{key}: no entity tag");
        ensure!(read(&client, target, key).await? == bytes, "{key}: other bytes");
        let head = client.head_object().bucket(&target.bucket).key(key).send().await?;
        ensure!(head.content_type() == Some("image/jpeg"), "{key}: {:?}", head.content_type());
    }
    Ok(())
}

/// Another size, key, type, field, policy or time: refused, and nothing is stored.
pub async fn a_signed_form_is_bound_to_all_it_signs(target: &S3Target) -> Result<()> {
    let (signer, client) = (signer(target)?, target.client());
    let (key, good) = ("forms_bound/photo.jpg", noise(410, 3_000));
    let form = signer.post_object(key, &CONDITIONS, &quarter_hour())?;
    let wider = PostConditions { max_bytes: 9_000, ..CONDITIONS };
    let wider = signer.post_object(key, &wider, &quarter_hour())?;
    let hour_ago =
        Validity::new(OffsetDateTime::now_utc() - Duration::from_secs(3600), Duration::from_secs(60));
    let wrong_sum = Checksum { algorithm: ChecksumAlgorithm::Crc32c, base64: "AAAAAA==" };
    let checked = PostConditions { checksum: Some(wrong_sum), ..CONDITIONS };
    let policy_of = |form: &SignedForm| {
        form.fields
            .iter()
            .find(|(name, _)| *name == "policy")
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    };
    let cases = [
        ("a byte too many", form.clone(), noise(410, 5_001)),
        ("a byte too few", form.clone(), noise(410, 999)),
        ("another key", changed(&form, "key", "forms_bound/other.jpg"), good.clone()),
        ("another type", changed(&form, "Content-Type", "text/html"), good.clone()),
        ("a field more", changed(&form, "x-amz-meta-owner", "me"), good.clone()),
        ("another policy", changed(&form, "policy", &policy_of(&wider)), good.clone()),
        ("another signature", changed(&form, "x-amz-signature", &"0".repeat(64)), good.clone()),
        ("expired", signer.post_object(key, &CONDITIONS, &hour_ago)?, good.clone()),
        ("another checksum", signer.post_object(key, &checked, &quarter_hour())?, good.clone()),
    ];
    let is_known = |change: &str| change != "another checksum" || target.capabilities.form_checksums;
    for (change, form, bytes) in cases.into_iter().filter(|(change, ..)| is_known(change)) {
        let (status, _, words) = send(&form, &bytes).await?;
        ensure!((400..500).contains(&status), "{change}: {status} {words}");
    }
    let left = client.list_objects_v2().bucket(&target.bucket).prefix("forms_bound/").send().await?;
    ensure!(left.contents().is_empty(), "{:?}", left.contents());
    let (status, _, words) = send(&form, &good).await?;
    ensure!(status == 201, "as signed: {status} {words}");
    Ok(())
}

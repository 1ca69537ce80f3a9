//! Files that are sent in parts, as films are: whether the bucket lets us open an upload, take a part, see what is
//! there, and give the upload up. Each is a permission of its own, and a policy without them looks well until the first
//! film is there.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use windlass_protocol::PartNumber;

use super::probe::Probe;
use super::{Finding, refused};
use crate::adapters::system::{RandomIds, SystemClock};
use crate::domain::object_key::{DOCTOR_PREFIX, ObjectKey};
use crate::domain::stored::MultipartId;
use crate::ports::clock::Clock as _;
use crate::ports::ids::IdSource as _;
use crate::ports::object_store::{ObjectStore, PartToSign, SigningWindow};

/// The check's name.
pub const WHAT: &str = "films";

const PART: &[u8] = b"windlass doctor";

/// Opens an upload in parts, sends one, looks, and gives it up again.
pub async fn check(store: &dyn ObjectStore, probe: &Probe) -> Finding {
    match attempt(store, probe).await {
        Ok(()) => Finding::good(WHAT, "the bucket takes files in parts, and lets us see and remove them."),
        Err(reason) => Finding::bad(WHAT, reason),
    }
}

async fn attempt(store: &dyn ObjectStore, probe: &Probe) -> Result<(), String> {
    let key = format!("{DOCTOR_PREFIX}{}.mp4", RandomIds::new().upload_id(SystemClock.now()));
    let key = ObjectKey::try_from(key).map_err(|error| error.to_string())?;
    let opened = store.create_multipart(&key, "video/mp4").await;
    let multipart = opened.map_err(|error| {
        refused(
            "an upload in parts cannot be opened",
            &error,
            "s3:PutObject, and kms:GenerateDataKey with a key of yours",
        )
    })?;
    let looked = look(store, probe, &key, &multipart).await;
    let aborted = store.abort_multipart(&key, &multipart).await;
    looked?;
    aborted.map_err(|error| {
        let missing = refused("an upload in parts cannot be given up", &error, "s3:AbortMultipartUpload");
        format!("{missing} One of {key} stays behind.")
    })
}

async fn look(
    store: &dyn ObjectStore,
    probe: &Probe,
    key: &ObjectKey,
    multipart: &MultipartId,
) -> Result<(), String> {
    send_part(store, probe, key, multipart).await?;
    let parts = store.list_parts(key, multipart).await.map_err(|error| {
        refused("the parts of an upload cannot be listed", &error, "s3:ListMultipartUploadParts")
    })?;
    if !matches!(parts.as_slice(), [part] if part.size_bytes == PART.len() as u64) {
        return Err("the bucket does not list the part that it was sent.".to_owned());
    }
    let listed = store.list_multiparts(DOCTOR_PREFIX, None).await;
    listed.map_err(|error| {
        refused(
            "uploads in parts cannot be listed",
            &error,
            "s3:ListBucketMultipartUploads on the bucket itself",
        )
    })?;
    Ok(())
}

async fn send_part(
    store: &dyn ObjectStore,
    probe: &Probe,
    key: &ObjectKey,
    multipart: &MultipartId,
) -> Result<(), String> {
    let part_number = PartNumber::try_from(1).map_err(|error| error.to_string())?;
    let part = PartToSign { part_number, size_bytes: Some(PART.len() as u64), checksum: None };
    let window = SigningWindow::beginning_at(SystemClock.now(), Duration::from_secs(300));
    let signed = store.sign_parts(key, multipart, &[part], window).await;
    let signed = signed.map_err(|error| format!("no part can be signed: {error}."))?;
    let signed = signed.first().ok_or("no part was signed.")?;
    let mut request = Request::put(&signed.url);
    for (name, value) in &signed.headers {
        request = request.header(name, value);
    }
    let request = request.body(Bytes::from_static(PART)).map_err(|error| error.to_string())?;
    match probe.send(request).await?.status() {
        StatusCode::OK => Ok(()),
        StatusCode::FORBIDDEN => {
            Err("the bucket refuses a signed part (403). With a key of yours the credentials \
            may lack kms:Decrypt."
                .to_owned())
        }
        other => Err(format!("the bucket answers a signed part with {other}.")),
    }
}

//! Files that are sent in parts, as films are: whether the bucket lets us open an upload, take a part, see what is
//! there, and give the upload up. Each is a permission of its own, and a policy without them looks well until the first
//! film is there. So does a store that keeps no checksum of what it joins: a client names one when it completes a film.

use std::time::Duration;

use http::StatusCode;
use windlass_protocol::PartNumber;

use super::checksums::crc64_nvme;
use super::probe::Probe;
use super::{Finding, bucket, refused};
use crate::adapters::system::SystemClock;
use crate::domain::object_key::{DOCTOR_PREFIX, ObjectKey};
use crate::domain::stored::{MultipartId, ObjectInfo, PartToJoin, StoredPart};
use crate::ports::clock::Clock as _;
use crate::ports::object_store::{MultipartCompletion, ObjectStore, PartToSign, SigningWindow};

/// The check's name.
pub const WHAT: &str = "films";

const PART: &[u8] = b"windlass doctor";

/// Opens an upload in parts, sends one, looks, and gives it up again; joins another, and removes what came of it.
pub async fn check(store: &dyn ObjectStore, probe: &Probe, conditional: bool) -> Finding {
    match attempt(store, probe, conditional).await {
        Ok(()) => Finding::good(WHAT, "the bucket takes files in parts, and lets us see and remove them."),
        Err(reason) => Finding::bad(WHAT, reason),
    }
}

async fn attempt(store: &dyn ObjectStore, probe: &Probe, conditional: bool) -> Result<(), String> {
    let (key, multipart) = open(store).await?;
    let looked = look(store, probe, &key, &multipart).await;
    let aborted = store.abort_multipart(&key, &multipart).await;
    looked?;
    aborted.map_err(|error| {
        let missing = refused("an upload in parts cannot be given up", &error, "s3:AbortMultipartUpload");
        format!("{missing} One of {key} stays behind.")
    })?;
    let (key, multipart) = open(store).await?;
    let joined = join(store, probe, &key, &multipart, conditional).await;
    if joined.is_err() {
        let _ = store.abort_multipart(&key, &multipart).await;
    }
    let removed = store.delete(&key).await;
    let joined = joined?;
    removed.map_err(|error| format!("what was joined cannot be removed: {error}. {key} stays behind."))?;
    if joined.checksum == Some(crc64_nvme(PART)) {
        return Ok(());
    }
    Err("the store does not tell the CRC64NVME of a file that was joined from its parts: nothing else confirms that such \
         a file is whole, and Windlass refuses it. Use a store, or a version of it, that keeps \
         x-amz-checksum-crc64nvme of the whole (FULL_OBJECT)."
        .to_owned())
}

async fn open(store: &dyn ObjectStore) -> Result<(ObjectKey, MultipartId), String> {
    let key = bucket::new_key(".mp4")?;
    let opened = store.create_multipart(&key, "video/mp4").await;
    let multipart = opened.map_err(|error| {
        refused(
            "an upload in parts cannot be opened",
            &error,
            "s3:PutObject, and kms:GenerateDataKey with a key of yours",
        )
    })?;
    Ok((key, multipart))
}

/// Joins an upload of one part: what the store tells of the whole.
async fn join(
    store: &dyn ObjectStore,
    probe: &Probe,
    key: &ObjectKey,
    multipart: &MultipartId,
    conditional: bool,
) -> Result<ObjectInfo, String> {
    send_part(store, probe, key, multipart).await?;
    let cannot = |error| format!("parts cannot be joined: {error}.");
    let listed = store.list_parts(key, multipart).await.map_err(cannot)?;
    let join = |part: StoredPart| PartToJoin {
        part_number: part.part_number,
        etag: part.etag,
        checksum: part.checksum,
    };
    let parts: Vec<PartToJoin> = listed.into_iter().map(join).collect();
    let completion = MultipartCompletion {
        key,
        multipart,
        parts: &parts,
        checksum: Some(&crc64_nvme(PART)),
        only_if_absent: conditional,
    };
    store.complete_multipart(&completion).await.map_err(cannot)?;
    store.head(key).await.map_err(|error| format!("what was joined cannot be looked at: {error}."))
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
    let checksum = Some(crc64_nvme(PART));
    let part = PartToSign { part_number, size_bytes: Some(PART.len() as u64), checksum };
    let window = SigningWindow::beginning_at(SystemClock.now(), Duration::from_secs(300));
    let signed = store.sign_parts(key, multipart, &[part], window).await;
    let signed = signed.map_err(|error| format!("no part can be signed: {error}."))?;
    let signed = signed.first().ok_or("no part was signed.")?;
    match probe.put(signed, PART).await? {
        StatusCode::OK => Ok(()),
        StatusCode::FORBIDDEN => {
            Err("the bucket refuses a signed part (403). With a key of yours the credentials \
            may lack kms:Decrypt."
                .to_owned())
        }
        other => Err(format!("the bucket answers a signed part with {other}.")),
    }
}

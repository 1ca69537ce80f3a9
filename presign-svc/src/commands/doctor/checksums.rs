//! Whether the bucket holds what it is sent against the checksum that was signed with it, and keeps that. The bytes never
//! pass through the service: that a photo is whole is the store's word, and a store that ignores the header gives none.

use crc_fast::{CrcAlgorithm, checksum};
use http::StatusCode;
use windlass_protocol::Checksum;

use super::probe::Probe;
use super::{Finding, bucket};
use crate::domain::object_key::ObjectKey;
use crate::ports::object_store::{ObjectStore, PutToSign};

/// The check's name.
pub const WHAT: &str = "checksums";

const CONTENT: &[u8] = b"windlass doctor";
/// As long as what was signed, and not the same.
const DAMAGED: &[u8] = b"windlass doktor";

/// The checksum that is signed with what a browser sends.
pub fn crc64_nvme(bytes: &[u8]) -> Checksum {
    Checksum::Crc64Nvme(checksum(CrcAlgorithm::Crc64Nvme, bytes).to_be_bytes())
}

/// Sends damaged bytes, then sound ones, and looks at what the bucket says of these. All is removed again.
pub async fn check(store: &dyn ObjectStore, probe: &Probe, conditional: bool) -> Finding {
    match attempt(store, probe, conditional).await {
        Ok(Kept::Told) => Finding::good(
            WHAT,
            "the bucket refuses what was damaged on its way, and keeps the CRC64NVME of what it takes.",
        ),
        Ok(Kept::Untold) => Finding::note(
            WHAT,
            "the bucket refuses what was damaged on its way, but does not tell the CRC64NVME of what it keeps: what \
             was stored just before a page was closed is sent again.",
        ),
        Err(reason) => Finding::bad(WHAT, reason),
    }
}

/// Whether the bucket tells the checksum of an object.
enum Kept {
    Told,
    Untold,
}

async fn attempt(store: &dyn ObjectStore, probe: &Probe, conditional: bool) -> Result<Kept, String> {
    let key = bucket::new_key(".txt")?;
    let sum = crc64_nvme(CONTENT);
    let put = PutToSign {
        key: &key,
        size_bytes: CONTENT.len() as u64,
        content_type: "text/plain",
        checksum: Some(&sum),
        only_if_absent: conditional,
    };
    let damaged = bucket::send(store, probe, &put, DAMAGED).await?;
    if damaged.is_success() {
        remove(store, &key).await?;
        return Err("the store takes bytes that have not the CRC64NVME signed with them: a photo that is damaged on \
                    its way would be kept, and called verified. Use a store, or a version of it, that verifies \
                    x-amz-checksum-crc64nvme."
            .to_owned());
    }
    if damaged != StatusCode::BAD_REQUEST {
        return Err(format!("the bucket answers a PUT of damaged bytes with {damaged}, instead of 400."));
    }
    let sound = bucket::send(store, probe, &put, CONTENT).await?;
    if !sound.is_success() {
        return Err(format!("the bucket answers a signed PUT with {sound}, after it took one like it."));
    }
    let kept = store.head(&key).await;
    remove(store, &key).await?;
    let kept = kept.map_err(|error| format!("what was written cannot be looked at: {error}."))?;
    Ok(if kept.checksum == Some(sum) { Kept::Told } else { Kept::Untold })
}

/// That we may, is known by now.
async fn remove(store: &dyn ObjectStore, key: &ObjectKey) -> Result<(), String> {
    let removed = store.delete(key).await;
    removed.map_err(|error| format!("what was written cannot be removed: {error}. {key} stays behind."))
}

//! What to do with a record when a page comes back to it: a decision from the record, from the bytes that
//! are really there, and from who is signed in. How far the upload is, is not decided here: it goes to the
//! engine as resumed, which asks the service and the store before it sends anything.

use serde::de::Deserializer;
use serde::{Deserialize, Serialize};

use super::reading::{Read, read};
use super::record::{KeptBytes, KeptUpload};

/// So long a file whose bytes could not be kept is waited for: as long as a multipart upload stays open
/// in a bucket with the usual lifecycle rule.
const CHOOSE_AGAIN_WITHIN_MS: f64 = 7.0 * 24.0 * 3_600_000.0;

/// What lies beside a record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Found {
    /// Size in bytes of the original that is there; `null` where there is none.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub original_bytes: Option<u64>,
    /// The same of each smaller picture, in the order of the record.
    #[cfg_attr(feature = "typescript", ts(type = "Array<number | null>"))]
    pub variants_bytes: Vec<Option<u64>>,
}

/// Who comes back, and when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Resuming {
    /// Who is signed in; `null` where that is not known.
    pub subject: Option<String>,
    /// Now, in milliseconds since 1970, by the phone's clock.
    pub now_ms: f64,
}

/// What to do with a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub enum Resumption {
    /// Everything is there: ask the store, send what it lacks.
    Send {
        /// The upload.
        upload: Box<KeptUpload>,
    },
    /// The file is there, but not all that is made of it: make that again, then go on as with `send`.
    Prepare {
        /// The upload.
        upload: Box<KeptUpload>,
    },
    /// The bytes are not there. Once the user chooses the file again, it goes on where it was.
    ChooseAgain {
        /// The upload.
        upload: Box<KeptUpload>,
    },
    /// Not ours to touch.
    Leave {
        /// Why.
        reason: LeaveReason,
    },
    /// Remove it, and whatever lies beside it.
    Discard {
        /// Why.
        reason: DiscardReason,
    },
}

/// Why a record is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub enum LeaveReason {
    /// Written by a newer build of the package: another tab, or the page before it was rolled back.
    NewerVersion,
    /// Somebody else chose it: it waits for them.
    AnotherUser,
}

/// Why a record is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub enum DiscardReason {
    /// It does not even say which upload it was.
    Corrupt,
    /// The bytes were never kept, and nobody chose the file again in a week.
    Expired,
}

/// Decides. Never fails: what cannot be read is a reason for one of the answers.
pub fn plan<'de, D: Deserializer<'de>>(record: D, found: &Found, who: &Resuming) -> Resumption {
    let mut upload = match read(record, found.original_bytes) {
        Read::Usable(upload) => upload,
        Read::Newer => return Resumption::Leave { reason: LeaveReason::NewerVersion },
        Read::Unowned => return Resumption::Leave { reason: LeaveReason::AnotherUser },
        Read::Corrupt => return Resumption::Discard { reason: DiscardReason::Corrupt },
    };
    if upload.subject.is_some() && upload.subject != who.subject {
        return Resumption::Leave { reason: LeaveReason::AnotherUser };
    }
    let is_whole = upload.bytes != KeptBytes::None && found.original_bytes == Some(upload.size_bytes);
    if !is_whole {
        upload.bytes = KeptBytes::None;
        // A clock that was set back makes a record wait longer, never shorter.
        return if who.now_ms - upload.chosen_at_ms > CHOOSE_AGAIN_WITHIN_MS {
            Resumption::Discard { reason: DiscardReason::Expired }
        } else {
            Resumption::ChooseAgain { upload }
        };
    }
    if has_all_it_needs(&upload, found) {
        Resumption::Send { upload }
    } else {
        upload.prepared = None;
        Resumption::Prepare { upload }
    }
}

/// Whether the file was prepared and its smaller pictures are there as they were made.
fn has_all_it_needs(upload: &KeptUpload, found: &Found) -> bool {
    let Some(prepared) = &upload.prepared else { return false };
    let wanted = prepared.variants.iter().map(|variant| Some(variant.size_bytes));
    wanted.eq(found.variants_bytes.iter().copied().take(prepared.variants.len()))
}

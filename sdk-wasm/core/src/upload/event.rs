//! What the engine tells the outside about an upload.

use serde::{Deserialize, Serialize};
use windlass_protocol::{ClientRef, ErrorCode, Photo};

/// Something a user interface wants to know. One of `stored`, `failed` and `cancelled` ends an upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub enum UploadEvent {
    /// The upload entered another phase.
    Phase {
        /// Which upload.
        client_ref: ClientRef,
        /// Where it is now.
        phase: UploadPhase,
        /// With `retrying`: what went wrong last, a sentence for people. `null` otherwise.
        reason: Option<String>,
    },
    /// Bytes moved.
    Progress {
        /// Which upload.
        client_ref: ClientRef,
        /// Of this file, variants included.
        file: ProgressCounts,
        /// Of everything in the queue.
        total: ProgressCounts,
    },
    /// The bytes are stored and verified.
    Stored {
        /// Which upload.
        client_ref: ClientRef,
        /// What it became.
        photo: Box<Photo>,
        /// The upload of this session that sent these very bytes before; this one sent none. `null` usually.
        same_as: Option<ClientRef>,
        /// Whether nothing was sent because these very bytes were stored already: by this session (`same_as`), or
        /// by the same person before, on whatever device.
        already_stored: bool,
    },
    /// The upload ended without success.
    Failed {
        /// Which upload.
        client_ref: ClientRef,
        /// Why, and what to do next.
        error: UploadFailure,
    },
    /// The user gave the upload up.
    Cancelled {
        /// Which upload.
        client_ref: ClientRef,
    },
}

/// Where an upload is, in states a person understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub enum UploadPhase {
    /// In the queue.
    Queued,
    /// Bytes are moving.
    Uploading,
    /// Something failed that may heal; the next attempt is scheduled.
    Retrying,
    /// There is no network; goes on by itself.
    WaitingForNetwork,
    /// All but the original is stored, and that waits for a network which costs nothing.
    WaitingForWifi,
    /// The user paused it.
    Paused,
    /// All bytes are stored; the service verifies them.
    Checking,
}

/// How far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct ProgressCounts {
    /// Bytes the store has confirmed.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub confirmed_bytes: u64,
    /// Bytes sent as far as can be told, confirmed or not: what only lies in this device's buffers does not
    /// count. May fall when a part has to be sent again.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub sent_bytes: u64,
    /// Bytes there are to send.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub total_bytes: u64,
    /// Bytes per second over the last seconds; `null` while unknown.
    pub rate_bytes_per_s: Option<f64>,
    /// Milliseconds left at that rate; `null` while unknown.
    pub remaining_ms: Option<f64>,
}

/// Why an upload ended without success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct UploadFailure {
    /// The stable code, for programs.
    pub code: FailureCode,
    /// A sentence for people: what was wrong, with which file, what to do next.
    pub message: String,
    /// Whether adding the same file again may succeed.
    pub retryable: bool,
    /// To quote when reporting the problem, where the service gave one.
    pub request_id: Option<String>,
}

/// Codes of what ends an upload: the service's own, and those only the client can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub enum FailureCode {
    /// The file can no longer be read.
    FileGone,
    /// The file's bytes are no longer those that were chosen.
    FileChanged,
    /// CORS hides the `ETag` of the store's answers, or keeps this page out of the store or the service.
    CorsMisconfigured,
    /// The application's `token` function failed.
    TokenUnavailable,
    /// The store refused the bytes for good.
    StoreRefused,
    /// The store has no room left.
    StorageFull,
    /// The network or a server failed for longer than the application wants to wait (`giveUpAfterMs`).
    RetriesExhausted,
    /// As the service said.
    #[serde(untagged)]
    Service(ErrorCode),
}

impl FailureCode {
    /// Whether adding the same file again may succeed.
    pub fn is_retryable(self) -> bool {
        match self {
            Self::FileGone | Self::CorsMisconfigured | Self::StoreRefused => false,
            Self::FileChanged | Self::TokenUnavailable | Self::StorageFull | Self::RetriesExhausted => true,
            Self::Service(code) => code.is_retryable(),
        }
    }
}

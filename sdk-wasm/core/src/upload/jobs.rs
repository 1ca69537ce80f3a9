//! What is in flight: for every started command, whose it is and how long its answer is waited for.

use windlass_protocol::{ClientRef, UploadId};

/// Names an upload inside the engine, in the order of adding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TransferKey(pub u64);

/// What a command was started for.
#[derive(Debug, Clone)]
pub(super) enum Job {
    Token,
    /// Reading a piece, by index.
    Read {
        of: TransferKey,
        piece: usize,
    },
    /// Sending a piece, by index.
    Put {
        of: TransferKey,
        piece: usize,
    },
    /// Announcing files, with the names they had on the wire.
    Create {
        files: Vec<(TransferKey, ClientRef)>,
    },
    /// Signing parts, by index.
    Sign {
        of: TransferKey,
        pieces: Vec<usize>,
    },
    /// Listing parts, with the indices of those that were in question.
    List {
        of: TransferKey,
        asked: Vec<usize>,
    },
    Complete {
        of: TransferKey,
    },
    Abort {
        upload_id: UploadId,
    },
}

impl Job {
    /// The upload it is for; announcing concerns several, aborting none that is still there.
    pub fn of(&self) -> Option<TransferKey> {
        match self {
            Self::Read { of, .. }
            | Self::Put { of, .. }
            | Self::Sign { of, .. }
            | Self::List { of, .. }
            | Self::Complete { of } => Some(*of),
            Self::Token | Self::Create { .. } | Self::Abort { .. } => None,
        }
    }

    pub fn is_service_request(&self) -> bool {
        match self {
            Self::Create { .. }
            | Self::Sign { .. }
            | Self::List { .. }
            | Self::Complete { .. }
            | Self::Abort { .. } => true,
            Self::Token | Self::Read { .. } | Self::Put { .. } => false,
        }
    }

    /// How long its answer is waited for after so many failures, in milliseconds; `None` where something
    /// else watches over it, or the file system takes what it takes.
    pub fn patience_ms(&self, failures: u32) -> Option<u64> {
        let first_ms = match self {
            Self::Read { .. } | Self::Put { .. } => return None,
            Self::Token => 30_000,
            // The service asks the store, which may take long to put a large object together.
            Self::Complete { .. } => 30_000,
            Self::Create { .. } | Self::Sign { .. } | Self::List { .. } | Self::Abort { .. } => 12_000,
        };
        Some(first_ms << failures.min(3))
    }
}

/// A job in flight.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub job: Job,
    pub asked_ms: u64,
    pub deadline_ms: Option<u64>,
    /// Which token it went out with.
    pub token_generation: u64,
}

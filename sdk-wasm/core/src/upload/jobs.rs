//! What is in flight: for every started command, whose it is and how long its answer is waited for.

use windlass_protocol::{ClientRef, UploadId};

use super::answer_times::Wait;
use super::command::Server;

/// Names an upload inside the engine, in the order of adding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TransferKey(pub u64);

/// A file that is being announced.
#[derive(Debug, Clone)]
pub(super) struct Announcing {
    pub of: TransferKey,
    /// The application's name for it …
    pub client_ref: ClientRef,
    /// … and the one it has on the wire this time.
    pub wire_ref: ClientRef,
}

/// What a command was started for.
#[derive(Debug, Clone)]
pub(super) enum Job {
    Token,
    /// Reading a piece, by index.
    Read {
        of: TransferKey,
        piece: usize,
    },
    /// Reading all of an original, to recognise it.
    Recognise {
        of: TransferKey,
    },
    /// Sending a piece, by index.
    Put {
        of: TransferKey,
        piece: usize,
    },
    Create {
        files: Vec<Announcing>,
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
    /// Completing, of an upload in parts or in one piece.
    Complete {
        of: TransferKey,
        in_parts: bool,
    },
    /// Telling which smaller pictures are stored: of whom, and how many of each.
    Report {
        told: Vec<(TransferKey, usize)>,
    },
    Abort {
        upload_id: UploadId,
    },
    /// Trying the connections that lie open.
    Try(Server),
}

impl Job {
    /// The upload it is for; announcing and reporting concern several, aborting none that is still there.
    pub fn of(&self) -> Option<TransferKey> {
        match self {
            Self::Read { of, .. }
            | Self::Recognise { of }
            | Self::Put { of, .. }
            | Self::Sign { of, .. }
            | Self::List { of, .. }
            | Self::Complete { of, .. } => Some(*of),
            Self::Token | Self::Create { .. } | Self::Report { .. } | Self::Abort { .. } | Self::Try(_) => {
                None
            }
        }
    }

    /// The piece it sends, where it does.
    pub fn put(&self) -> Option<(TransferKey, usize)> {
        if let Self::Put { of, piece } = self { Some((*of, *piece)) } else { None }
    }

    pub fn is_service_request(&self) -> bool {
        match self {
            Self::Create { .. }
            | Self::Sign { .. }
            | Self::List { .. }
            | Self::Complete { .. }
            | Self::Report { .. }
            | Self::Abort { .. } => true,
            Self::Token | Self::Read { .. } | Self::Recognise { .. } | Self::Put { .. } | Self::Try(_) => {
                false
            }
        }
    }

    /// Which kind of answer is waited for.
    pub fn wait(&self) -> Wait {
        match self {
            Self::Report { .. } => Wait::Aside,
            Self::Put { .. } => Wait::Open,
            Self::Read { .. } | Self::Recognise { .. } => Wait::Reading,
            Self::Token => Wait::Token,
            Self::Try(_) => Wait::Trial,
            Self::Complete { in_parts: true, .. } => Wait::Joining,
            Self::Complete { in_parts: false, .. } => Wait::Verifying,
            Self::Create { .. } | Self::Sign { .. } | Self::List { .. } | Self::Abort { .. } => Wait::Quick,
        }
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

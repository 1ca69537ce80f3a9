//! The words for what a piece is, where it is, and what it needs.

use windlass_protocol::{Checksum, PartNumber, PieceNumber};

use super::link::{Beside, Milestone};

/// What kind of piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum PieceKind {
    /// The variant at that index, sent by a PUT of its own.
    Variant(usize),
    /// The original, in one PUT.
    Whole,
    /// A part of the original.
    Part(PartNumber),
    /// A small piece of the original, staged until the service puts all together.
    Staged(PieceNumber),
}

/// What is known of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    /// Not read yet.
    Unknown,
    /// Read.
    Known(Checksum),
    /// Read once, but to be compared with the file again before the next attempt.
    Suspect(Checksum),
}

/// A wait before the next attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rest {
    pub until_ms: u64,
    /// Whether it may be cut short when the network is back.
    pub ends_with_network: bool,
}

/// A PUT in flight.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    pub started_ms: u64,
    /// Bytes handed to the system.
    pub sent_bytes: u64,
    /// Those among them that can have arrived at the goodput measured.
    pub arrived_bytes: u64,
    /// The last sign of life.
    pub heard_ms: u64,
    /// Where its goodput was measured last.
    pub milestone: Option<Milestone>,
    /// What the system took at once, before any could have arrived: as much as its buffers hold.
    pub burst_bytes: u64,
    /// What the store has confirmed of others since it began.
    pub beside: Beside,
    /// A sign of life is wanted by then, whatever the watchdog thinks: the network has changed.
    pub prove_by_ms: Option<u64>,
}

/// What the store says it has in this piece's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    /// `None` of what is staged: nobody asks for it.
    pub etag: Option<String>,
    pub checksum: Checksum,
}

/// Where a piece is.
#[derive(Debug, Clone)]
pub(super) enum PieceState {
    /// Lacks something, or waits for its turn.
    Idle(Rest),
    /// Being read.
    Reading,
    /// The store has something in its place that must be compared with the file, after a rest.
    Claimed { claim: Claim, is_being_read: bool, rest: Rest },
    /// Part of a signing request in flight.
    Signing,
    /// On its way.
    Sending(Flight),
    /// All bytes left and the answer was lost: whoever can must look.
    Unsure,
    /// Cut into staged pieces, which stand for it.
    InPieces,
    /// The store has acknowledged it.
    Stored { etag: Option<String> },
}

/// What a piece needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Reading,
    Signing,
    Sending,
    Nothing,
}

/// What reading a piece has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// It can go on.
    Good,
    /// The store has these very bytes already.
    AlreadyStored,
    /// These are not the bytes of before.
    Changed,
}

/// A move that the piece's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the piece is in no state for that")]
pub(super) struct InvalidTransition;

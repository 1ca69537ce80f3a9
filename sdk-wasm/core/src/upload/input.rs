//! What the shell tells the engine.

use windlass_protocol::{ClientRef, PhotoMetadata};

use super::answer::Answer;
use super::command::CommandId;

/// Something that happened. After feeding one, drain commands and events, then ask for the deadline.
#[derive(Debug, Clone)]
pub enum Input {
    /// The user chose a file. A `client_ref` that is on its way already is that same upload: no effect.
    Add(Box<NewUpload>),
    /// The user wants it to wait.
    Pause(Target),
    /// The user wants it to go on.
    Resume(Target),
    /// The user gives it up.
    Cancel(Target),
    /// The browser believes there is a network, or none. A hint: an answer proves it wrong.
    Online(bool),
    /// Whether originals wait: the network is one to be spared, and whoever uses it wants it so. Smaller
    /// pictures go all the same, and so does what has begun.
    OriginalsWait(bool),
    /// A PUT has handed that many bytes to the network.
    Sent {
        /// Which PUT.
        id: CommandId,
        /// Bytes in all.
        sent_bytes: u64,
    },
    /// More of a file has been read, and not yet all that was asked for.
    Read {
        /// Which reading.
        id: CommandId,
    },
    /// A command has ended. Every started command is answered once, unless it was stopped; answers to
    /// stopped commands are ignored.
    Answered {
        /// Which command.
        id: CommandId,
        /// How it ended.
        answer: Answer,
    },
    /// The device has slept for so many milliseconds, in which the clock stood still.
    Slept(u64),
    /// The deadline has come.
    Tick,
}

/// Whom a user's wish concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Everything in the queue, and what is added later.
    All,
    /// One upload.
    One(ClientRef),
}

/// A file on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct NewUpload {
    /// The client's name for it: the idempotency key.
    pub client_ref: ClientRef,
    /// The file's name, for people.
    pub filename: String,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// What was read from it.
    pub metadata: Option<PhotoMetadata>,
    /// Smaller pictures made of it; they are sent first.
    pub variants: Vec<NewVariant>,
    /// Whether an earlier session may have sent some of it: the store is asked before anything is sent.
    pub resumed: bool,
    /// Whether it is sent even if these very bytes are on their way, or were stored, already.
    pub again: bool,
}

/// A smaller picture on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVariant {
    /// `thumb_200`, `web_1920` …
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

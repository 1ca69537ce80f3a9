//! The upload engine: decides, never acts. Feed an input with `now`, drain commands and events, ask
//! for the next deadline.

mod event;

pub use event::{FailureCode, ProgressCounts, UploadEvent, UploadFailure, UploadPhase};

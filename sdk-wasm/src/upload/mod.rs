//! The upload engine's browser shell, for a dedicated worker: it acts on the engine's commands and tells
//! it what happened. Nothing is decided here.

mod api;
mod clock;
mod description;
mod driver;
mod file;
mod host;
mod http;
mod kept;
mod queue;

pub use kept::plan_resume;
pub use queue::UploadQueue;

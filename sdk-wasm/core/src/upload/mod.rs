//! The upload engine: decides, never acts.
//!
//! [`Engine`] has four verbs: feed it an input with the time, drain its commands, drain its events, ask
//! for its next deadline. Mutate, drain until nothing is left, wait. It has no clock, no randomness, no
//! network and no files, so that a test can put it through a year of bad networks in a second.

mod active;
mod anew;
mod announcement;
mod answer;
mod answer_times;
mod answers;
pub mod backoff;
mod barred;
mod bytes;
mod calm;
pub mod checksum;
mod command;
mod config;
mod connections;
mod created;
mod engine;
mod errand;
mod event;
mod input;
mod jobs;
mod link;
mod online;
#[cfg(debug_assertions)]
mod overlooked;
mod part_wish;
mod piece;
mod piece_state;
mod previews;
mod progress;
mod reading;
mod refused_tokens;
mod refused_urls;
mod resume;
mod schedule;
mod sending;
mod tell;
mod ticket;
mod token;
mod transfer;
mod transfers;
mod twins;
mod user;
pub mod verdict;
mod watchdog;
mod weak;
mod window;

pub use answer::{Answer, PutAccepted, ReadFailure, Refusal, ServiceFailure, StoreFailure, retry_after_ms};
pub use command::{BlobRef, Command, CommandId, Server, SignedUrl, Source, Work};
pub use config::EngineConfig;
pub use engine::Engine;
pub use event::{FailureCode, ProgressCounts, UploadEvent, UploadFailure, UploadPhase};
pub use input::{Input, NewUpload, NewVariant, Target};

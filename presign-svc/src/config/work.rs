//! Where the jobs run.

use clap::ValueEnum;

/// Where what is done apart from answering requests is done: cleaning up, and putting pieces together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum WorkPlace {
    /// In the process of `windlass serve`.
    #[default]
    Here,
    /// In a process of `windlass work`, of which there must be one.
    Apart,
}

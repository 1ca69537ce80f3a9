//! The binary's subcommands, one file each.

pub mod doctor;
mod identity;
pub mod migrate;
pub mod serve;
pub mod token;

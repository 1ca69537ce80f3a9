//! The binary's subcommands, one file each.

pub mod doctor;
pub mod migrate;
pub mod serve;
pub mod token;

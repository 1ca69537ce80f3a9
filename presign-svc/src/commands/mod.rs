//! The binary's subcommands, one file each.

mod assemble;
pub mod doctor;
mod identity;
pub mod migrate;
pub mod reconcile;
pub mod serve;
pub mod token;

//! The crate against Amazon's documented example and against two other signers, over generated input.

mod against_sdk;
mod against_sigv4;
mod documented;
mod generated;

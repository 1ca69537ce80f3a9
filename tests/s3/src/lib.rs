//! One S3 behaviour suite, run on the embedded store and on Garage.
//!
//! Two uses:
//! - [`EmbeddedServer`] and [`Garage`] start a server on loopback and give an [`S3Target`]: where
//!   it is, its bucket and its keys. They stop when dropped. Other crates' tests use them too.
//! - [`behaviours`] are what any S3 must do for us, one function each; [`s3_behaviours!`] makes a
//!   test of each of them. Where a server is known to differ, its [`Capabilities`] say so.

pub mod behaviours;
mod capabilities;
mod embedded;
mod garage;
mod process;
mod refusal;
pub mod sample;
pub mod sending;
mod target;
pub mod upload;

pub use capabilities::Capabilities;
pub use embedded::{EmbeddedServer, store_config};
pub use garage::{Garage, GarageError};
pub use process::StoreProcess;
pub use refusal::{Refusal, refusal};
pub use target::S3Target;

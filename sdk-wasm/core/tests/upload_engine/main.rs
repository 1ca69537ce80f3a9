//! The upload engine in simulated worlds: random ones (`lossy`), and the rows of the fault list one by
//! one (`faults`, `judgements`).

#![cfg(feature = "upload")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a simulated world is part of a test: what it did not expect is a failure of the test"
)]

mod arrivals;
mod busy_store;
#[cfg(debug_assertions)]
mod crowd;
mod endurance;
mod faults;
mod judgements;
mod lasting_trouble;
mod lossy;
mod many_parts;
mod names;
mod originals;
mod pains;
mod parts;
mod patience;
mod previews;
mod reading;
mod refusals;
mod refused_tokens;
mod simulated;
mod strangers;
mod twins;
mod weak;

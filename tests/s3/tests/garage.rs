//! The behaviours on Garage, a real S3 server in a process of its own; one for all of them.

use std::io::Write as _;

use anyhow::Result;
use tokio::sync::OnceCell;
use windlass_s3_suite::{Garage, GarageError, S3Target, s3_behaviours};

/// Ends with this process: see [`Garage`].
static GARAGE: OnceCell<Option<Garage>> = OnceCell::const_new();

async fn on_garage(behaviour: impl AsyncFnOnce(&S3Target) -> Result<()>) -> Result<()> {
    let garage = GARAGE.get_or_try_init(|| async {
        match Garage::start().await {
            Ok(garage) => Ok(Some(garage)),
            Err(GarageError::NotInstalled { looked_for }) => {
                // Straight to standard error: the test harness keeps `eprintln!` of passing tests.
                let _ = writeln!(
                    std::io::stderr(),
                    "skipped: garage not installed ({}), run cargo xtask test",
                    looked_for.display()
                );
                Ok(None)
            }
            Err(error) => Err(error),
        }
    });
    match garage.await? {
        Some(garage) => behaviour(garage.target()).await,
        None => Ok(()),
    }
}

s3_behaviours!(on_garage);

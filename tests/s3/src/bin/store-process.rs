//! The embedded store in a process of its own, for the tests that kill it or weigh it.
//!
//! `store-process FOLDER` prints its address and serves until its standard input ends, so that it
//! never outlives its test.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use windlass_embedded_store::EmbeddedStore;
use windlass_s3_suite::store_config;

#[tokio::main]
async fn main() -> Result<()> {
    let folder = std::env::args_os().nth(1).context("usage: store-process FOLDER")?;
    let store = EmbeddedStore::open(store_config(folder.into())).await?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "http://{}", listener.local_addr()?)?;
    stdout.flush()?;
    let (input_ended, input_ends) = oneshot::channel();
    std::thread::spawn(move || {
        // An error ends the input as well.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        input_ended.send(())
    });
    store.serve(listener, async { drop(input_ends.await) }).await?;
    Ok(())
}

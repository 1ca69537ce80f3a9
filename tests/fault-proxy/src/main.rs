//! The proxy as a process, for tests in other languages.
#![allow(clippy::print_stdout, reason = "the one line that says where it listens")]

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use clap::Parser;
use fault_proxy::FaultProxy;
use tokio::io::AsyncReadExt as _;

/// A layer-7 proxy that makes networks bad on purpose. It runs until its standard input ends.
#[derive(Parser)]
#[command(name = "fault-proxy")]
struct Options {
    /// Where the control API listens.
    #[arg(long, default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// `name=host:port`: a listener on any free port before that upstream. May be repeated.
    #[arg(long = "front", value_parser = front_of)]
    fronts: Vec<(String, String)>,
}

fn front_of(text: &str) -> Result<(String, String), String> {
    let (name, upstream) = text.split_once('=').ok_or("a front is name=host:port")?;
    Ok((name.to_owned(), upstream.to_owned()))
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let proxy = FaultProxy::new();
    let mut fronts = BTreeMap::new();
    for (name, upstream) in &options.fronts {
        let address = proxy.open_front(name, SocketAddr::from(([127, 0, 0, 1], 0)), upstream).await?;
        fronts.insert(name, format!("http://{address}"));
    }
    let control = proxy.open_control(options.control).await?;
    println!("{}", serde_json::json!({ "control": format!("http://{control}"), "fronts": fronts }));
    // Whoever started it holds the other end.
    let mut nothing = Vec::new();
    tokio::io::stdin().read_to_end(&mut nothing).await.context("standard input cannot be read")?;
    Ok(())
}

//! Pages that watch a project: what each costs while nothing happens, and how soon all are told.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::http::{Connection, request};
use crate::server::Server;
use crate::token::{PROJECT, token};
use crate::windlass::ask;

/// Streams that are opened at once: fewer than a listener's queue takes.
const AT_ONCE: usize = 100;
/// How many people watch: no one of them may have most of the streams.
const VIEWERS: usize = 100;
/// How long everybody may take to be told.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was seen.
pub struct StreamFigures {
    /// How many streams.
    pub streams: usize,
    /// What one costs, in KiB of resident memory.
    pub kib_each: f64,
    /// From the change being asked for until half were told, in milliseconds.
    pub told_p50_ms: f64,
    /// Until 99 of 100 were.
    pub told_p99_ms: f64,
    /// Until the last one was.
    pub told_all_ms: f64,
}

/// Opens the streams of a project and changes one of its photos a few times. The middle change is told.
pub async fn measure(server: &Server, photo: &str, count: usize) -> Result<StreamFigures> {
    let token = token(0)?;
    let events = format!("/api/v1/events?project_id={PROJECT}");
    let opens: Vec<Vec<u8>> = (0..VIEWERS)
        .map(|viewer| Ok(request("GET", &events, &self::token(viewer)?, None)))
        .collect::<Result<_>>()?;
    let before = server.resident_kib()?;
    let mut streams: Vec<TcpStream> = Vec::with_capacity(count);
    while streams.len() < count {
        let more = (count - streams.len()).min(AT_ONCE);
        let opening = opens.iter().cycle().skip(streams.len()).take(more).map(|open| async move {
            let (mut stream, begun) = Connection::open(server.address).await?.open_stream(open).await?;
            read_until(&mut stream, &begun, "event: ready").await?;
            Ok::<_, anyhow::Error>(stream)
        });
        streams.extend(futures::future::try_join_all(opening).await?);
    }
    let kib_each = server.resident_kib()?.saturating_sub(before) as f64 / count as f64;

    let mut changes = Vec::new();
    for status in ["processing", "failed", "processing", "failed", "processing"] {
        let body = match status {
            "failed" => json!({"status": status, "reason": "the bench says so"}),
            status => json!({"status": status}),
        };
        let change =
            request("PATCH", &format!("/api/v1/photos/{photo}/status"), &token, Some(&body.to_string()));
        let mut api = Connection::open(server.address).await?;
        let began = Instant::now();
        let mut hearing: FuturesUnordered<_> = streams
            .iter_mut()
            .map(|stream| async move {
                read_until(stream, b"", "event: photo.status").await?;
                Ok::<_, anyhow::Error>(began.elapsed())
            })
            .collect();
        let hear = async {
            let mut told = Vec::with_capacity(count);
            while let Some(each) = hearing.next().await {
                told.push(each?.as_secs_f64() * 1000.0);
            }
            Ok::<_, anyhow::Error>(told)
        };
        let (asked, told) = tokio::join!(ask(&mut api, &change, 200), tokio::time::timeout(PATIENCE, hear));
        asked?;
        let mut told = told.context("not everybody was told")??;
        told.sort_by(f64::total_cmp);
        changes.push(told);
    }
    changes.sort_by(|a, b| a[count - 1].total_cmp(&b[count - 1]));
    let told = &changes[changes.len() / 2];
    Ok(StreamFigures {
        streams: count,
        kib_each,
        told_p50_ms: told[count / 2],
        told_p99_ms: told[count * 99 / 100],
        told_all_ms: told[count - 1],
    })
}

/// Reads until something is told. What comes before it in the same read is passed over.
async fn read_until(stream: &mut TcpStream, begun: &[u8], wanted: &str) -> Result<()> {
    let mut buffer = [0; 1024];
    let mut seen = String::from_utf8_lossy(begun).into_owned();
    loop {
        if let Some((_, rest)) = seen.split_once(wanted)
            && rest.contains("\n\n")
        {
            return Ok(());
        }
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            bail!("a stream ended");
        }
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
}

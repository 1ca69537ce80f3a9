//! One gibibyte through the store: it must stream, whatever the size.
#![cfg(target_os = "linux")]

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use windlass_s3_suite::StoreProcess;
use windlass_s3_suite::sample::noise;
use windlass_s3_suite::sending::for_minutes;
use windlass_s3_suite::upload::{read, store};

const OBJECT_BYTES: u64 = 1 << 30;
const ALLOWED_GROWTH_KIB: u64 = 64 * 1024;

#[tokio::test]
async fn a_gibibyte_is_stored_and_read_without_growing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let process = StoreProcess::start(env!("CARGO_BIN_EXE_store-process"), folder.path())?;
    let (target, client) = (process.target(), process.target().client());
    store(&client, target, "small", &noise(1, 1_000)).await?;
    read(&client, target, "small").await?;
    let before = peak_memory_kib(process.id())?;

    let signed = client.put_object().bucket(&target.bucket).key("large").presigned(for_minutes(15)?).await?;
    let chunk = noise(2, 1 << 20);
    let sent = OBJECT_BYTES / chunk.len() as u64;
    let chunks = (0..sent).map(move |_| Ok::<Bytes, std::io::Error>(chunk.clone()));
    let http = reqwest::Client::builder().no_proxy().build()?;
    let put = http
        .put(signed.uri())
        .header("content-length", OBJECT_BYTES)
        .body(reqwest::Body::wrap_stream(futures::stream::iter(chunks)));
    let answer = put.send().await?;
    ensure!(answer.status().is_success(), "{}: {}", answer.status(), answer.text().await?);

    let signed = client.get_object().bucket(&target.bucket).key("large").presigned(for_minutes(15)?).await?;
    let mut answer = http.get(signed.uri()).send().await?;
    let mut received = 0u64;
    while let Some(chunk) = answer.chunk().await? {
        received += chunk.len() as u64;
    }
    ensure!(received == OBJECT_BYTES, "{received} bytes came back");

    let growth = peak_memory_kib(process.id())?.saturating_sub(before);
    eprintln!("peak memory grew by {growth} KiB over {before} KiB");
    ensure!(
        growth <= ALLOWED_GROWTH_KIB,
        "peak memory grew by {growth} KiB, allowed are {ALLOWED_GROWTH_KIB}"
    );
    Ok(())
}

/// The most a process ever had in memory, from Linux' `/proc`.
fn peak_memory_kib(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

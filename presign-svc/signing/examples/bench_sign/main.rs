//! What one signed URL costs: ours beside rusty-s3, aws-sigv4 and aws-sdk-s3, one thread, in one run.
//!
//! Every signer makes the same two things: a PUT of one object bound to its `content-length`, and the
//! PUTs of 1,000 parts of one multipart upload, bound likewise; each time the finished URL as text.
//! Rounds are interleaved, and each signer's least disturbed one is told: signing is nothing but
//! computing, so whatever takes longer is somebody else's doing.
//!
//! `cargo run --release -p windlass-signing --example bench_sign [-- --json]`

#![allow(clippy::print_stdout, reason = "a command's output")]

mod signers;

use std::hint::black_box;
use std::time::{Duration, Instant};

use signers::{PART_COUNT, Signing};

const ROUNDS: usize = 20;
/// How long a signer signs single URLs in one round.
const ROUND: Duration = Duration::from_millis(2);
/// How many batches a signer signs in one round.
const BATCHES: usize = 3;

fn main() -> anyhow::Result<()> {
    let json = std::env::args().any(|argument| argument == "--json");
    let mut signers = signers::all()?;
    let mut single_us = vec![Vec::with_capacity(ROUNDS); signers.len()];
    let mut batch_us = vec![Vec::with_capacity(ROUNDS); signers.len()];
    for _ in 0..ROUNDS {
        for (index, signer) in signers.iter_mut().enumerate() {
            single_us[index].push(time_single(signer.as_mut())?);
            batch_us[index].push(time_batch(signer.as_mut())?);
        }
    }
    let rows: Vec<Row> = signers
        .iter()
        .zip(single_us.into_iter().zip(batch_us))
        .map(|(signer, (single, batch))| Row {
            name: signer.name(),
            us_per_url: least(single),
            us_per_url_in_1000_parts: least(batch),
        })
        .collect();
    if json {
        print_json(&rows);
    } else {
        print_table(&rows);
    }
    Ok(())
}

struct Row {
    name: &'static str,
    us_per_url: f64,
    us_per_url_in_1000_parts: f64,
}

fn time_single(signer: &mut dyn Signing) -> anyhow::Result<f64> {
    let start = Instant::now();
    let mut signed = 0_u32;
    while start.elapsed() < ROUND {
        for _ in 0..20 {
            black_box(signer.put()?);
        }
        signed += 20;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(signed))
}

fn time_batch(signer: &mut dyn Signing) -> anyhow::Result<f64> {
    let mut rounds = Vec::with_capacity(BATCHES);
    let mut before = Vec::new();
    for _ in 0..BATCHES {
        let start = Instant::now();
        let urls = black_box(signer.parts()?);
        rounds.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(PART_COUNT));
        anyhow::ensure!(urls.len() == usize::from(PART_COUNT), "{} lost a part", signer.name());
        // One batch is always alive, as in a server: else the allocator gives the memory back to the
        // system and asks for it again, and that would be timed instead.
        before = urls;
    }
    drop(before);
    Ok(least(rounds))
}

fn least(rounds: Vec<f64>) -> f64 {
    rounds.into_iter().fold(f64::INFINITY, f64::min)
}

fn print_json(rows: &[Row]) {
    let cases: Vec<_> = rows
        .iter()
        .map(|row| {
            serde_json::json!({
                "name": row.name,
                "us_per_url": row.us_per_url,
                "us_per_url_in_1000_parts": row.us_per_url_in_1000_parts,
            })
        })
        .collect();
    println!("{}", serde_json::json!({ "bench": "sign", "cases": cases }));
}

fn print_table(rows: &[Row]) {
    println!(
        "{:<12} {:>10} {:>7} {:>22} {:>7}",
        "signer", "µs per URL", "ratio", "µs per URL, 1000 parts", "ratio"
    );
    let Some(ours) = rows.first() else { return };
    for row in rows {
        println!(
            "{:<12} {:>10.2} {:>6.1}× {:>22.2} {:>6.1}×",
            row.name,
            row.us_per_url,
            row.us_per_url / ours.us_per_url,
            row.us_per_url_in_1000_parts,
            row.us_per_url_in_1000_parts / ours.us_per_url_in_1000_parts,
        );
    }
}

//! A closed loop: every connection asks again as soon as it is answered. All times are kept, so percentiles are
//! exact. An answer that is not the expected one ends the bench: a fast refusal is not fast.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;

use crate::http::Connection;

/// What is asked of a server, and how.
pub struct Load<'a> {
    /// Which server.
    pub address: SocketAddr,
    /// How many ask at once.
    pub connections: usize,
    /// For how long.
    pub duration: Duration,
    /// The request of a connection, the so manieth of it.
    pub make: &'a dyn Fn(usize, u64) -> Vec<u8>,
    /// The status of a good answer.
    pub status: u16,
    /// What a good answer holds.
    pub holds: &'a str,
}

/// How it went.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Answers a second.
    pub per_second: f64,
    /// Half were answered within this, in milliseconds.
    pub p50_ms: f64,
    /// All but one in a hundred were.
    pub p99_ms: f64,
}

impl Load<'_> {
    /// Asks for the whole duration. `series` keeps the requests of one run from those of another.
    pub async fn run(&self, series: u64) -> Result<Outcome> {
        let began = Instant::now();
        let askers = (0..self.connections).map(|asker| self.ask_on(asker, series, began + self.duration));
        let mut times_us: Vec<u32> = try_join_all(askers).await?.concat();
        let wall = began.elapsed().as_secs_f64();
        times_us.sort_unstable();
        let at = |share: f64| -> Result<f64> {
            let index = ((times_us.len() as f64 * share) as usize).min(times_us.len().saturating_sub(1));
            Ok(f64::from(*times_us.get(index).context("nothing was answered")?) / 1000.0)
        };
        Ok(Outcome { per_second: times_us.len() as f64 / wall, p50_ms: at(0.5)?, p99_ms: at(0.99)? })
    }

    async fn ask_on(&self, asker: usize, series: u64, until: Instant) -> Result<Vec<u32>> {
        let mut connection = Connection::open(self.address).await?;
        let mut times_us = Vec::new();
        for number in 0.. {
            let request = (self.make)(asker, (series << 32) + number);
            let began = Instant::now();
            if began >= until {
                break;
            }
            let answer = connection.ask(&request).await?;
            times_us.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
            let body = String::from_utf8_lossy(answer.body);
            ensure!(
                answer.status == self.status && body.contains(self.holds),
                "an answer of {} instead of {}: {body:.300}",
                answer.status,
                self.status,
            );
        }
        Ok(times_us)
    }
}

/// The run in the middle: by its rate.
pub fn middle(mut outcomes: Vec<Outcome>) -> Result<Outcome> {
    outcomes.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    outcomes.get(outcomes.len() / 2).copied().context("there was no round")
}

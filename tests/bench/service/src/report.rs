//! What was measured: a table for people with each target beside it, or one JSON object for programs.

use anyhow::Result;
use serde_json::{Value, json};

use crate::load::Outcome;
use crate::pages::PageTimes;
use crate::streams::StreamFigures;

/// Our own rows' name.
pub const OURS: &str = "windlass";
/// The peer with one process.
pub const FASTAPI: &str = "fastapi";
/// Uppy's.
pub const COMPANION: &str = "companion";

/// One server under one load.
pub struct Case {
    /// Whose server.
    pub name: &'static str,
    /// What was asked of it.
    pub route: &'static str,
    /// How it went.
    pub outcome: Outcome,
    /// Its resident memory right after, in MiB.
    pub rss_mib: f64,
}

/// Our own start.
pub struct Start {
    /// From nothing to the first answer, in milliseconds: database and keys are made.
    pub first_ms: f64,
    /// The same on what is there.
    pub again_ms: f64,
    /// Resident memory of one that nobody has asked anything, in MiB.
    pub idle_mib: f64,
}

/// All of it; what was left out is empty.
#[derive(Default)]
pub struct Report {
    pub cases: Vec<Case>,
    pub start: Option<Start>,
    pub streams: Option<StreamFigures>,
    pub pages: Vec<PageTimes>,
    pub binary_bytes: u64,
}

impl Report {
    fn case(&self, name: &str, route: &str) -> Option<&Case> {
        self.cases.iter().find(|case| case.name == name && case.route == route)
    }

    /// How many times as many of a route as a peer's do we answer.
    fn ratio(&self, route: &str, peer: (&str, &str)) -> Option<f64> {
        Some(self.case(OURS, route)?.outcome.per_second / self.case(peer.0, peer.1)?.outcome.per_second)
    }

    fn p99(&self, route: &str) -> Option<f64> {
        Some(self.case(OURS, route)?.outcome.p99_ms)
    }

    /// What is aimed at, what it came to, and whether that is enough.
    fn targets(&self) -> Vec<(String, f64, bool)> {
        let mut targets = Vec::new();
        let mut at_least = |what: &str, goal: f64, got: Option<f64>| {
            targets.extend(got.map(|got| (format!("{what} ≥ {goal}"), got, got >= goal)));
        };
        at_least("create: × FastAPI", 25.0, self.ratio("create", (FASTAPI, "create")));
        at_least("create: × Companion's /s3/params", 40.0, self.ratio("create", (COMPANION, "/s3/params")));
        at_least("create on PostgreSQL: × FastAPI", 12.0, self.ratio("create-postgres", (FASTAPI, "create")));
        at_least("list: × FastAPI", 300.0, self.ratio("list", (FASTAPI, "list")));
        at_least("list, anew: × FastAPI", 300.0, self.ratio("list-anew", (FASTAPI, "list")));
        at_least("list, unseen: × FastAPI", 300.0, self.ratio("list-unseen", (FASTAPI, "list")));
        let mut at_most = |what: &str, goal: f64, got: Option<f64>| {
            targets.extend(got.map(|got| (format!("{what} ≤ {goal}"), got, got <= goal)));
        };
        at_most("create: p99 ms", 12.0, self.p99("create"));
        at_most("create on PostgreSQL: p99 ms", 20.0, self.p99("create-postgres"));
        at_most("list: p99 ms", 2.0, self.p99("list"));
        at_most("list, anew: p99 ms", 2.0, self.p99("list-anew"));
        at_most("list, unseen: p99 ms", 2.0, self.p99("list-unseen"));
        let slowest = |database: &str| {
            let of = self.pages.iter().filter(|page| page.database == database);
            of.map(|page| page.p99_ms).max_by(f64::total_cmp)
        };
        at_most("slowest page of 1 M rows, SQLite: p99 ms", 1.0, slowest("SQLite"));
        at_most("slowest page of 1 M rows, PostgreSQL: p99 ms", 1.0, slowest("PostgreSQL"));
        let start = self.start.as_ref();
        at_most("start to first answer, ms", 30.0, start.map(|start| start.again_ms));
        at_most("idle, MiB", 25.0, start.map(|start| start.idle_mib));
        let after = ["create", "list", "list-anew", "list-unseen"]
            .into_iter()
            .filter_map(|route| self.case(OURS, route));
        at_most("after load, MiB", 40.0, after.map(|case| case.rss_mib).max_by(f64::total_cmp));
        let streams = self.streams.as_ref();
        at_most("an idle stream, KiB", 24.0, streams.map(|streams| streams.kib_each));
        at_most("all streams told, ms", 100.0, streams.map(|streams| streams.told_all_ms));
        targets
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let cases: Vec<Value> = self
            .cases
            .iter()
            .map(|case| {
                json!({
                    "name": case.name, "route": case.route, "req_s": case.outcome.per_second,
                    "p50_ms": case.outcome.p50_ms, "p99_ms": case.outcome.p99_ms, "rss_mib": case.rss_mib,
                })
            })
            .collect();
        let pages: Vec<Value> = self
            .pages
            .iter()
            .map(|page| {
                json!({
                    "database": page.database, "filter": page.filter, "first_ms": page.first_ms,
                    "last_ms": page.last_ms, "p50_ms": page.p50_ms, "p99_ms": page.p99_ms,
                    "server_p50_ms": page.server_ms.map(|(p50, _)| p50),
                    "server_p99_ms": page.server_ms.map(|(_, p99)| p99),
                })
            })
            .collect();
        let start = self.start.as_ref().map(|start| {
            json!({"first_ms": start.first_ms, "again_ms": start.again_ms, "idle_rss_mib": start.idle_mib})
        });
        let streams = self.streams.as_ref().map(|streams| {
            json!({
                "streams": streams.streams, "kib_each": streams.kib_each, "told_p50_ms": streams.told_p50_ms,
                "told_p99_ms": streams.told_p99_ms, "told_all_ms": streams.told_all_ms,
            })
        });
        let targets: Vec<Value> = self
            .targets()
            .into_iter()
            .map(|(target, got, is_met)| json!({"target": target, "got": got, "met": is_met}))
            .collect();
        json!({
            "bench": "service", "cases": cases, "start": start, "streams": streams, "pages": pages,
            "binary_bytes": self.binary_bytes, "targets": targets,
        })
    }

    /// For people.
    pub fn write(&self, out: &mut impl std::io::Write) -> Result<()> {
        if !self.cases.is_empty() {
            writeln!(
                out,
                "{:<18} {:<18} {:>9} {:>8} {:>8} {:>8}",
                "server", "route", "req/s", "p50 ms", "p99 ms", "RSS MiB"
            )?;
        }
        for Case { name, route, outcome, rss_mib } in &self.cases {
            writeln!(
                out,
                "{name:<18} {route:<18} {:>9.0} {:>8.2} {:>8.2} {rss_mib:>8.1}",
                outcome.per_second, outcome.p50_ms, outcome.p99_ms
            )?;
        }
        if let Some(Start { first_ms, again_ms, idle_mib }) = &self.start {
            writeln!(
                out,
                "\nstart: {again_ms:.1} ms to the first answer ({first_ms:.1} on nothing), {idle_mib:.1} MiB idle"
            )?;
        }
        if let Some(streams) = &self.streams {
            let StreamFigures { streams, kib_each, told_p50_ms, told_p99_ms, told_all_ms } = streams;
            writeln!(
                out,
                "{streams} streams: {kib_each:.1} KiB each; told after {told_p50_ms:.0} ms (half), {told_p99_ms:.0} (99 %), {told_all_ms:.0} (all)"
            )?;
        }
        if !self.pages.is_empty() {
            writeln!(
                out,
                "\n{:<11} {:<20} {:>8} {:>8} {:>8} {:>8} {:>14}",
                "page of 100", "by", "first ms", "last ms", "p50 ms", "p99 ms", "of it, server"
            )?;
        }
        for PageTimes { database, filter, first_ms, last_ms, p50_ms, p99_ms, server_ms } in &self.pages {
            let server = server_ms.map_or(String::new(), |(p50, p99)| format!("{p50:.2} {p99:>6.2}"));
            writeln!(
                out,
                "{database:<11} {filter:<20} {first_ms:>8.2} {last_ms:>8.2} {p50_ms:>8.2} {p99_ms:>8.2} {server:>14}"
            )?;
        }
        writeln!(out, "binary: {:.1} MiB\n", self.binary_bytes as f64 / f64::from(1 << 20))?;
        for (target, got, is_met) in self.targets() {
            writeln!(out, "{} {target}: {got:.2}", if is_met { "met   " } else { "MISSED" })?;
        }
        Ok(())
    }
}

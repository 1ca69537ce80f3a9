//! A layer-7 proxy that makes networks bad on purpose: by script, by chance with a seed, or as one of the
//! networks a phone meets ([`LinkPreset`]).
//!
//! It stands in front of the store and of the service, one listener ([`FaultProxy::open_front`]) for each.
//! A request's `Host` is passed on as it came, so a presigned URL is signed for the proxy's address
//! (`WINDLASS_STORE_PUBLIC_URL`, `WINDLASS_S3_ENDPOINT`) and the store behind it still accepts the
//! signature.
//!
//! ```text
//!  browser ──▶ front "store"   ──▶ store            rules:   which requests meet which fault
//!  browser ──▶ front "service" ──▶ service          link:    how fast, how far, what dies when
//!  test    ──▶ control API (JSON, its own port)     journal: what passed, byte for byte counted
//! ```
//!
//! # The control API
//! | request | what it does |
//! | --- | --- |
//! | `POST /fronts` `{name, upstream}` | opens a listener before `upstream` (`host:port`) → `{address}` |
//! | `PUT /rules` `[Rule, …]`, `POST /rules` `Rule` | replaces, adds: see [`Rule`] |
//! | `GET /rules`, `DELETE /rules` | the rules with how often each met a request; removes all |
//! | `PUT /link` `{"preset": "bad", "seed": 1}` or a [`Link`] | the line everything goes over, from now on |
//! | `DELETE /link` | a perfect line |
//! | `POST /connections` `{"action": "reset"}` or `"silence"` | what is open dies now, or goes silent for ever |
//! | `GET /requests?after=ID` | the journal: see [`JournalEntry`] |
//! | `DELETE /requests` | forgets it |
//!
//! # A rule
//! ```json
//! { "front": "store", "method": "PUT", "path": "/original", "query": "partNumber=2(&|$)",
//!   "skip": 1, "times": 1, "fault": { "kind": "drop_after" } }
//! ```
//! The first rule that matches a request, and has not had its `times`, counts. `path` and `query` are
//! regular expressions; `nth: n` is short for `skip: n − 1, times: 1`; `probability` draws from `seed`, so
//! that the same order of requests meets the same faults. `delay_ms` goes with any fault. The faults are
//! those of [`Fault`].
//!
//! # The binary
//! `fault-proxy --control 127.0.0.1:0 --front store=127.0.0.1:9001` prints one line of JSON,
//! `{"control": "http://…", "fronts": {"store": "http://…"}}`, and runs until its standard input ends, so
//! that it never outlives the test that started it.

mod connection;
mod control;
mod exchange;
mod fault;
mod front;
mod journal;
mod link;
mod proxy;
mod rule;
mod shaper;
mod tampered;
mod timeline;
mod trickle;
mod upstream;

pub use fault::{Fault, Share};
pub use journal::{JournalEntry, Outcome};
pub use link::{Link, LinkPreset, LinkWish, Outage, OutageKind};
pub use proxy::{FaultProxy, ProxyError};
pub use rule::{InvalidRule, Rule, RuleReport};

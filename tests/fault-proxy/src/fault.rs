//! What can happen to a request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A share of a body, from 0 (before its first byte) to 1 (after its last).
pub type Share = f64;

/// What happens to a request. In JSON the variant is `kind`, in snake_case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Nothing: for a rule that only delays, or lets some requests pass a later rule.
    Pass,
    /// The proxy answers in the upstream's place, after it has read the request.
    Respond {
        /// The HTTP status.
        status: u16,
        /// `Retry-After`, in seconds.
        #[serde(default)]
        retry_after_s: Option<u64>,
        /// Further headers.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body, as text.
        #[serde(default)]
        body: String,
    },
    /// The whole request is read and never passed on; the connection is closed without an answer.
    DropBefore,
    /// The upstream does its work and answers; the connection is closed without that answer.
    DropAfter,
    /// The connection is reset (RST) when that share of the request's body has been read. The upstream
    /// never gets the whole body: at 1 the last byte is withheld.
    Reset {
        /// Where.
        at: Share,
    },
    /// No byte of the request moves from there on, and no answer comes: for ever, or for that long.
    Stall {
        /// Where.
        at: Share,
        /// How long, in milliseconds; absent is for ever.
        #[serde(default)]
        for_ms: Option<u64>,
    },
    /// It waits until the rules are replaced, and passes then.
    Hold,
    /// The upstream gets a request whose body ends there, as a middlebox makes it: with a length that fits.
    TruncateRequest {
        /// Where.
        at: Share,
    },
    /// The answer ends there, short of its `Content-Length`, and the connection is closed. One without a body
    /// claims to have a byte.
    TruncateResponse {
        /// Where.
        at: Share,
    },
    /// One bit of the request's body is flipped.
    FlipRequest {
        /// Where.
        at: Share,
    },
    /// One bit of the answer's body is flipped.
    FlipResponse {
        /// Where.
        at: Share,
    },
    /// The upstream gets the request several times, one after the other; the first answer is passed back.
    Duplicate {
        /// How often in all.
        times: u32,
    },
    /// The upstream does its work; its answer is changed on the way back. `200` with an `<Error>` body and
    /// a hidden `ETag` are made with it.
    Rewrite {
        /// Another status.
        #[serde(default)]
        status: Option<u16>,
        /// Headers that are taken away.
        #[serde(default)]
        remove_headers: Vec<String>,
        /// Headers that are set.
        #[serde(default)]
        set_headers: BTreeMap<String, String>,
        /// Another body, as text.
        #[serde(default)]
        body: Option<String>,
    },
    /// `200` at once, then white space once a second for that long, then the upstream's body: how S3
    /// answers a long CompleteMultipartUpload. A late error can only be told in the body.
    Whitespace {
        /// How long, in milliseconds.
        for_ms: u64,
    },
    /// The answer's body flows for that long, then the connection is closed: a proxy that cuts event streams.
    CutResponse {
        /// How long, in milliseconds.
        after_ms: u64,
    },
}

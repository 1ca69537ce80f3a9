//! What a page does with the uploads an earlier one has left in the browser.
#![cfg(feature = "upload")]
#![allow(clippy::panic, reason = "helpers of tests fail as tests do")]

mod never_kept;
mod resuming;

use serde_json::{Value, json};
use windlass_core::kept::{Found, Resuming, Resumption, plan};

const NOW_MS: f64 = 1_790_000_000_000.0;

/// A photo that was chosen and prepared, with one smaller picture.
fn record() -> Value {
    json!({
        "schema": 1, "client_ref": "c0ffee", "subject": "ann", "filename": "roof.jpg",
        "content_type": "image/jpeg", "size_bytes": 3_000_000, "last_modified_ms": 1_789_999_000_000_u64,
        "chosen_at_ms": NOW_MS - 60_000.0, "paused": false, "bytes": "opfs",
        "prepared": {
            "content_type": "image/jpeg", "metadata": null, "warnings": [],
            "variants": [{"name": "thumb_200", "content_type": "image/jpeg", "size_bytes": 9_000, "width": 200, "height": 150}],
        },
    })
}

/// The record with another value in one place.
fn record_with(field: &str, value: Value) -> Value {
    let mut record = record();
    record[field] = value;
    record
}

fn all_found() -> Found {
    Found { original_bytes: Some(3_000_000), variants_bytes: vec![Some(9_000)] }
}

fn ann() -> Resuming {
    Resuming { subject: Some("ann".to_owned()), now_ms: NOW_MS }
}

fn planned(record: &Value, found: &Found) -> Resumption {
    plan(record, found, &ann())
}

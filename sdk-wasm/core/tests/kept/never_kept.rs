//! A record has no place for a secret.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use windlass_core::kept::Resumption;

use crate::{all_found, planned, record, record_with};

fn keys(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                into.insert(key.clone());
                keys(value, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, into)),
        _ => {}
    }
}

#[test]
fn a_record_says_what_was_chosen_and_nothing_of_how_it_travels() {
    let Resumption::Send { upload } = planned(&record(), &all_found()) else { panic!() };
    let mut found = BTreeSet::new();
    keys(&serde_json::to_value(upload).unwrap(), &mut found);
    let expected = [
        "again",
        "bytes",
        "chosen_at_ms",
        "client_ref",
        "content_type",
        "filename",
        "height",
        "last_modified_ms",
        "metadata",
        "name",
        "paused",
        "prepared",
        "schema",
        "size_bytes",
        "subject",
        "variants",
        "warnings",
        "width",
    ];
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_secret_that_somebody_put_into_a_record_does_not_come_out_again() {
    let smuggled = record_with("token", json!("eyJhbGciOi.secret.secret"));
    let Resumption::Send { upload } = planned(&smuggled, &all_found()) else { panic!() };
    assert!(!serde_json::to_string(&upload).unwrap().contains("secret"));
}

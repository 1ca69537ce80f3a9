//! Each test is named after what it expects of a record.

use proptest::prelude::*;
use serde_json::{Value, json};
use windlass_core::kept::{
    DiscardReason, Found, KeptBytes, KeptUpload, LeaveReason, Resuming, Resumption, SCHEMA, plan,
};

use crate::{NOW_MS, all_found, ann, planned, record, record_with};

fn prepares(record: &Value, found: &Found) -> KeptUpload {
    match planned(record, found) {
        Resumption::Prepare { upload } => *upload,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_all_there_is_sent_as_it_was_prepared() {
    let Resumption::Send { upload } = planned(&record(), &all_found()) else { panic!() };
    assert_eq!(serde_json::to_value(&*upload).unwrap()["prepared"], record()["prepared"]);
    assert_eq!((upload.schema, upload.bytes), (SCHEMA, KeptBytes::Opfs));
}

#[test]
fn a_second_copy_that_was_asked_for_is_still_asked_for_and_no_other() {
    for (kept, again) in [(json!(true), true), (json!(false), false), (Value::Null, false)] {
        let Resumption::Send { upload } = planned(&record_with("again", kept), &all_found()) else {
            panic!()
        };
        assert_eq!(upload.again, again);
    }
    let Resumption::Send { upload } = planned(&record(), &all_found()) else { panic!() };
    assert!(!upload.again, "records of builds that did not know it");
}

#[test]
fn what_was_only_chosen_is_prepared() {
    let upload = prepares(&record_with("prepared", Value::Null), &all_found());
    assert_eq!((upload.filename.as_str(), upload.size_bytes), ("roof.jpg", 3_000_000));
}

#[test]
fn a_smaller_picture_that_is_gone_or_torn_is_made_again() {
    for variants_bytes in [vec![], vec![None], vec![Some(8_999)]] {
        let found = Found { variants_bytes, ..all_found() };
        assert_eq!(prepares(&record(), &found).prepared, None);
    }
}

#[test]
fn a_file_whose_bytes_are_gone_or_torn_is_to_be_chosen_again() {
    for original_bytes in [None, Some(0), Some(2_999_999), Some(3_000_001)] {
        let found = Found { original_bytes, ..all_found() };
        let Resumption::ChooseAgain { upload } = planned(&record(), &found) else { panic!() };
        assert_eq!((upload.bytes, upload.client_ref.as_str()), (KeptBytes::None, "c0ffee"));
    }
    let never = record_with("bytes", json!("none"));
    assert!(
        matches!(planned(&never, &all_found()), Resumption::ChooseAgain { .. }),
        "a copy that never ended"
    );
}

#[test]
fn a_file_nobody_chose_again_in_a_week_is_forgotten_but_kept_bytes_never_are() {
    let old = record_with("chosen_at_ms", json!(NOW_MS - 8.0 * 86_400_000.0));
    assert_eq!(planned(&old, &Found::default()), Resumption::Discard { reason: DiscardReason::Expired });
    assert!(matches!(planned(&old, &all_found()), Resumption::Send { .. }));
    let ahead = record_with("chosen_at_ms", json!(NOW_MS + 1e12));
    assert!(
        matches!(planned(&ahead, &Found::default()), Resumption::ChooseAgain { .. }),
        "the clock was set back"
    );
}

#[test]
fn another_users_upload_waits_for_them() {
    let leave = Resumption::Leave { reason: LeaveReason::AnotherUser };
    for subject in [Some("bob".to_owned()), None] {
        assert_eq!(plan(record(), &all_found(), &Resuming { subject, now_ms: NOW_MS }), leave);
    }
    assert_eq!(
        planned(&record_with("subject", json!(7)), &all_found()),
        leave,
        "an owner that cannot be read"
    );
}

#[test]
fn what_was_chosen_before_anybody_had_signed_in_is_whoever_comes_backs() {
    let unclaimed = record_with("subject", Value::Null);
    for subject in [Some("ann".to_owned()), None] {
        let who = Resuming { subject, now_ms: NOW_MS };
        assert!(matches!(plan(&unclaimed, &all_found(), &who), Resumption::Send { .. }));
    }
}

#[test]
fn a_newer_builds_record_is_left_alone() {
    for strange in [json!(2), json!(4_000_000_000_u32)] {
        let mut newer = record_with("schema", strange);
        newer["bytes"] = json!({"a place": "nobody here knows"});
        assert_eq!(planned(&newer, &all_found()), Resumption::Leave { reason: LeaveReason::NewerVersion });
    }
}

#[test]
fn an_older_builds_record_keeps_its_file_and_is_prepared_anew() {
    for old in [json!(0), Value::Null] {
        let upload = prepares(&record_with("schema", old), &all_found());
        assert_eq!((upload.schema, upload.filename.as_str()), (SCHEMA, "roof.jpg"));
    }
}

#[test]
fn damage_to_one_field_costs_only_that_field() {
    for field in ["filename", "content_type", "last_modified_ms", "chosen_at_ms", "paused", "size_bytes"] {
        let planned = planned(&record_with(field, json!({"damaged": [1]})), &all_found());
        let Resumption::Send { upload } = planned else { panic!("{field}: {planned:?}") };
        assert_eq!(upload.size_bytes, 3_000_000, "{field}");
    }
    assert_eq!(prepares(&record_with("prepared", json!("…")), &all_found()).prepared, None);
    let Resumption::Send { upload } = planned(&record_with("filename", json!("")), &all_found()) else {
        panic!()
    };
    assert_eq!(upload.filename, "file", "a file needs a name");
}

#[test]
fn a_record_that_names_no_upload_is_removed() {
    let corrupt = Resumption::Discard { reason: DiscardReason::Corrupt };
    for damaged in [record_with("client_ref", json!("")), json!({}), json!("text"), json!(null), json!([1])] {
        assert_eq!(planned(&damaged, &all_found()), corrupt, "{damaged}");
    }
    let sizeless = record_with("size_bytes", json!(-1));
    assert_eq!(planned(&sizeless, &Found::default()), corrupt);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,12}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_damage_makes_planning_fail_or_touch_what_is_somebody_elses(
        field in prop::sample::select(vec![
            "schema", "client_ref", "filename", "content_type", "size_bytes", "last_modified_ms",
            "chosen_at_ms", "paused", "bytes", "prepared",
        ]),
        value in any_json(),
    ) {
        let damaged = record_with(field, value);
        let bob = Resuming { subject: Some("bob".to_owned()), ..ann() };
        let foreign = plan(&damaged, &all_found(), &bob);
        let is_left_or_unreadable = matches!(
            foreign,
            Resumption::Leave { .. } | Resumption::Discard { reason: DiscardReason::Corrupt }
        );
        prop_assert!(is_left_or_unreadable);
        plan(&damaged, &all_found(), &ann());
    }
}

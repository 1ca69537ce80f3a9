//! What goes wrong between here and the store: each test is named after what it expects, with the row of
//! the fault list (F…) it stands for.

use windlass_core::upload::{EngineConfig, FailureCode, Input, UploadEvent, UploadPhase};
use windlass_protocol::ErrorCode;

use crate::simulated::World;
use crate::simulated::bucket::Target;
use crate::simulated::files::file;
use crate::simulated::network::{Chances, Fault, Network, Op};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// A world in which the nth requests of some kinds have faults.
fn scripted(script: &[(Op, u32, Fault)]) -> World {
    let mut network = Network::good();
    network.script = script.to_vec();
    World::new(1, network)
}

fn config() -> EngineConfig {
    EngineConfig::new("p".parse().unwrap(), 7)
}

#[test]
fn f02_f25_a_lost_answer_to_create_makes_no_second_upload() {
    let mut world = scripted(&[(Op::Create, 1, Fault::DropAfter)]);
    world.add(file("video", 6 * MIB, &[KIB]));
    world.run();
    world.assert_all_stored();
    assert_eq!(world.service.uploads.len(), 1);
}

#[test]
fn f01_after_a_reload_only_missing_parts_are_sent() {
    let mut world = World::new(1, Network::good());
    world.add(file("video", 30 * MIB, &[]));
    world.run_while(|world| world.bucket.parts.values().all(|parts| parts.len() < 3));
    let stored: usize = world.bucket.parts.values().flatten().map(|(_, part)| part.bytes.len()).sum();
    let before = world.bucket.arrived_bytes;
    world.reload(config());
    world.run();
    world.assert_all_stored();
    assert_eq!((world.repeated_puts, world.service.uploads.len()), (0, 1));
    let sent = world.bucket.arrived_bytes - before;
    assert_eq!(sent, (30 * MIB - stored) as u64, "only what was missing");
}

#[test]
fn f03_a_reload_before_complete_sends_no_byte_again() {
    let mut world = scripted(&[(Op::Complete, 1, Fault::DropBefore)]);
    world.add(file("video", 12 * MIB, &[]));
    world.run_while(|world| world.network.count(Op::Complete) == 0);
    let before = world.bucket.arrived_bytes;
    world.reload(config());
    world.run();
    world.assert_all_stored();
    assert_eq!(world.bucket.arrived_bytes, before);
}

#[test]
fn f07_another_file_under_the_same_name_is_not_spliced_together() {
    let mut world = World::new(1, Network::good());
    world.add(file("video", 16 * MIB, &[]));
    world.run_while(|world| world.bucket.parts.values().all(|parts| parts.len() < 2));
    let mut other = file("video", 16 * MIB, &[]);
    other.original = crate::simulated::files::noise(16 * MIB, 4_711);
    world.added = vec![other];
    world.reload(config());
    world.run();
    world.assert_all_stored();
    assert!(world.bucket.parts.is_empty(), "nothing half is left of the other one");
}

#[test]
fn f10_offline_is_shown_at_once_and_over_at_once() {
    let mut network = Network::good();
    network.outages = vec![(3_000, 63_000)];
    let mut world = World::new(1, network);
    world.add(file("video", 30 * MIB, &[]));
    world.at(3_000, Input::Online(false));
    world.at(63_000, Input::Online(true));
    world.run();
    world.assert_all_stored();
    let phases = world.phases("video");
    let after = |at_ms, wanted| phases.iter().find(|(at, phase)| *at >= at_ms && *phase == wanted).unwrap().0;
    assert!(after(3_000, UploadPhase::WaitingForNetwork) < 5_000, "{phases:?}");
    assert!(after(63_000, UploadPhase::Uploading) < 68_000, "{phases:?}");
    let probes = world.begun.iter().filter(|(at_ms, _)| (5_000..63_000).contains(at_ms)).count();
    assert!(probes < 60, "offline is waited out without haste: {probes} attempts");
}

#[test]
fn f10_an_answer_that_was_on_its_way_does_not_prove_the_network() {
    let mut network = Network::good();
    network.round_trip_ms = 400;
    let mut world = World::new(1, network);
    world.add(file("video", 30 * MIB, &[]));
    // Between the arrival of a part at the store and its answer the network goes.
    world.run_while(|world| world.bucket.parts.values().all(|parts| parts.is_empty()));
    world.network.outages = vec![(world.now_ms, world.now_ms + 30_000)];
    world.feed(Input::Online(false));
    let back_ms = world.now_ms + 30_000;
    world.run_until(back_ms - 1_000);
    let phases = world.phases("video");
    assert_eq!(phases.last().map(|(_, phase)| *phase), Some(UploadPhase::WaitingForNetwork), "{phases:?}");
    world.at(back_ms, Input::Online(true));
    world.run();
    world.assert_all_stored();
}

#[test]
fn f10_a_hint_that_is_wrong_stops_nothing() {
    let mut world = World::new(1, Network::good());
    world.feed(Input::Online(false));
    world.add(file("photo", 300 * KIB, &[KIB]));
    world.run();
    world.assert_all_stored();
    assert!(world.now_ms < 3_000, "{}", world.now_ms);
}

#[test]
fn f11_after_a_long_sleep_urls_are_signed_again_and_no_refusal_is_seen() {
    let mut world = World::new(1, Network::good());
    for index in 0..3 {
        world.add(file(&format!("photo-{index}"), 4_500 * KIB, &[KIB]));
    }
    world.add(file("video", 26 * MIB, &[]));
    world.run_until(3_000);
    world.sleep(20 * 60_000);
    world.run();
    world.assert_all_stored();
    assert_eq!(world.bucket.refused_as_expired, 0);
}

#[test]
fn f11_a_sleep_that_the_clock_did_not_see_ages_urls_all_the_same() {
    let mut world = World::new(1, Network::good());
    for index in 0..6 {
        world.add(file(&format!("photo-{index}"), 4_500 * KIB, &[KIB]));
    }
    world.run_until(3_000);
    world.sleep_unseen(20 * 60_000);
    world.run();
    world.assert_all_stored();
    assert_eq!(world.bucket.refused_as_expired, 0);
}

#[test]
fn f17_connections_reset_anywhere_are_survived() {
    for percent in [0, 50, 99] {
        let mut world = scripted(&[(Op::Put, 1, Fault::Reset(percent)), (Op::Put, 3, Fault::Reset(percent))]);
        world.add(file("video", 12 * MIB, &[]));
        world.add(file("photo", 300 * KIB, &[KIB]));
        world.run();
        world.assert_all_stored();
    }
}

#[test]
fn f18_a_lost_answer_to_a_part_is_looked_up_and_the_part_not_sent_again() {
    let mut world = scripted(&[(Op::Put, 1, Fault::DropAfter), (Op::Put, 2, Fault::DropAfter)]);
    world.add(file("video", 12 * MIB, &[]));
    world.run();
    world.assert_all_stored();
    assert_eq!((world.network.count(Op::Put), world.bucket.overwritten), (3, 0));
    assert!(world.network.count(Op::List) >= 1);
}

#[test]
fn f18_what_may_not_be_looked_up_after_a_lost_answer_is_refused_and_no_mistake_of_the_buckets_rules() {
    let mut world =
        scripted(&[(Op::Put, 1, Fault::DropAfter), (Op::List, 1, Fault::Refused(ErrorCode::Forbidden))]);
    world.add(file("video", 12 * MIB, &[]));
    world.run();
    assert_eq!(world.outcome("video"), Err(FailureCode::Service(ErrorCode::Forbidden)));
}

#[test]
fn f18_a_lost_answer_to_a_whole_file_is_settled_by_complete() {
    let mut world = scripted(&[(Op::Put, 1, Fault::DropAfter)]);
    world.add(file("photo", 3 * MIB, &[]));
    world.run();
    world.assert_all_stored();
    assert_eq!(world.network.count(Op::Put), 1);
}

#[test]
fn f18_a_whole_file_that_died_at_its_last_byte_is_sent_again() {
    let mut world = scripted(&[(Op::Put, 1, Fault::Reset(95))]);
    world.buffer_bytes = 10 * MIB as u64; // progress says that all has left
    world.add(file("photo", 3 * MIB, &[]));
    world.run();
    world.assert_all_stored();
    assert_eq!(world.network.count(Op::Complete), 2);
}

#[test]
fn f19_flipped_bytes_never_reach_a_photo() {
    let mut network = Network::good();
    network.chances = Chances { flip: 30, ..Chances::default() };
    let mut world = World::new(3, network);
    for index in 0..30 {
        world.add(file(&format!("photo-{index}"), 50 * KIB, &[KIB]));
    }
    world.add(file("video", 22 * MIB, &[]));
    world.run();
    world.assert_all_stored();
}

#[test]
fn f20_a_part_that_never_moves_is_given_up_after_thirty_seconds() {
    let mut network = Network::good();
    network.script = vec![(Op::Put, 1, Fault::Stall), (Op::Put, 2, Fault::Stall)];
    network.bytes_per_s = 1; // so that not one byte leaves before it stalls
    let mut world = World::new(1, network);
    world.add(file("photo", 2, &[]));
    world.run_while(|world| world.network.count(Op::Put) < 3);
    assert!((60_000..95_000).contains(&world.now_ms), "{}", world.now_ms);
    world.run();
    world.assert_all_stored();
}

#[test]
fn f22_an_etag_hidden_by_cors_is_read_from_the_list_of_parts() {
    let hidden: Vec<_> = (1..=3).map(|nth| (Op::Put, nth, Fault::HideEtag)).collect();
    let mut world = scripted(&hidden);
    world.add(file("video", 12 * MIB, &[]));
    world.run();
    world.assert_all_stored();
    assert_eq!((world.network.count(Op::Put), world.network.count(Op::List)), (3, 1));
}

#[test]
fn f33_an_upload_the_store_forgot_is_announced_anew_without_a_loop() {
    let mut world = scripted(&[(Op::Put, 3, Fault::NoSuchUpload)]);
    world.add(file("video", 16 * MIB, &[KIB]));
    world.run();
    // The photo of the new upload is the one that is told.
    assert_eq!(world.outcome("video"), Ok(()));
    assert_eq!(world.service.uploads.len(), 2);
    let told = world.events.iter().any(|(_, event)| {
        matches!(event, UploadEvent::Phase { reason: Some(reason), .. } if reason.contains("sent again"))
    });
    assert!(told, "the full re-send is announced");
}

#[test]
fn f34_urls_that_expire_on_the_way_are_signed_again_before_use() {
    let mut network = Network::good();
    network.bytes_per_s = 500_000;
    let mut world = World::new(1, network);
    world.service.url_lifetime_s = 60;
    world.add(file("video", 52 * MIB, &[]));
    for index in 0..6 {
        world.add(file(&format!("photo-{index}"), 4 * MIB, &[]));
    }
    world.run();
    world.assert_all_stored();
    assert!(world.bucket.refused_as_expired <= 2, "{}", world.bucket.refused_as_expired);
}

#[test]
fn f34_a_url_the_store_calls_expired_costs_one_more_attempt() {
    let mut world = scripted(&[(Op::Put, 1, Fault::Status(403, None))]);
    world.add(file("video", 6 * MIB, &[]));
    world.run();
    world.assert_all_stored();
    assert_eq!(world.network.count(Op::Put), 3);
}

#[test]
fn f37_somebody_elses_object_in_its_place_is_never_called_ours() {
    for (size, code) in [(20 * KIB, ErrorCode::SizeMismatch), (30 * KIB, ErrorCode::ChecksumMismatch)] {
        let mut world = scripted(&[(Op::Put, 1, Fault::Taken)]);
        world.add(file("photo", 30 * KIB, &[]));
        world.run_while(|world| world.service.uploads.is_empty());
        let id = *world.service.uploads.keys().next().unwrap();
        world.bucket.objects.insert((id, Target::Whole), vec![7; size]);
        world.run();
        assert_eq!(world.outcome("photo"), Err(FailureCode::Service(code)));
        assert_eq!(world.network.count(Op::Put), 1, "and is not written over");
    }
}

#[test]
fn f15_every_size_goes_its_way() {
    let mut world = World::new(1, Network::good());
    for size in [1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1] {
        world.add(file(&format!("file-{size}"), size, &[]));
    }
    world.run();
    world.assert_all_stored();
}

/// The row wants it stored. An empty file is no photo: the service does not take it, and says why.
#[test]
fn f15_an_empty_file_is_refused_with_a_reason_and_the_others_go_on() {
    let mut world = World::new(1, Network::good());
    world.add(file("empty", 0, &[]));
    world.add(file("photo", 1, &[]));
    world.run();
    assert_eq!(world.outcome("empty"), Err(FailureCode::Service(ErrorCode::FileTooSmall)));
    assert_eq!(world.outcome("photo"), Ok(()));
    assert_eq!(world.network.count(Op::Put), 1, "nothing is sent of it");
}

#[test]
fn what_the_service_does_not_permit_ends_at_once_with_its_reason() {
    for code in [ErrorCode::Forbidden, ErrorCode::QuotaExceeded, ErrorCode::TypeNotAllowed] {
        let mut world = scripted(&[(Op::Create, 1, Fault::Refused(code))]);
        world.add(file("photo", 30 * KIB, &[]));
        world.run();
        assert_eq!(world.outcome("photo"), Err(FailureCode::Service(code)));
        assert_eq!((world.network.count(Op::Create), world.network.count(Op::Put)), (1, 0));
        assert!(world.now_ms < 1_000, "after {} ms", world.now_ms);
        let told = world.events.iter().find_map(|(_, event)| match event {
            UploadEvent::Failed { error, .. } => Some(error),
            _ => None,
        });
        let error = told.unwrap();
        assert!(!error.retryable && error.message.contains("photo.jpg"), "{error:?}");
    }
}

#[test]
fn a_token_that_does_not_come_in_time_is_said_to_be_what_is_waited_for() {
    let mut config = config();
    config.give_up_after_ms = Some(5 * 60_000);
    let mut world = World::with_config(config, Network::good());
    world.tokens_hang = true;
    world.add(file("photo", 30 * KIB, &[]));
    world.run();
    assert_eq!(world.outcome("photo"), Err(FailureCode::TokenUnavailable));
    let words: Vec<&str> = world
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            UploadEvent::Phase { reason, .. } => reason.as_deref(),
            UploadEvent::Failed { error, .. } => Some(error.message.as_str()),
            _ => None,
        })
        .collect();
    let (last, before) = words.split_last().unwrap();
    assert!(!before.is_empty(), "it is said while it is waited for");
    for told in before {
        assert_eq!(*told, "The application gave no access token in time.");
    }
    assert_eq!(*last, "photo.jpg: The application gave no access token in time.");
}

//! Smaller pictures first, and originals that wait for Wi-Fi.

use std::collections::HashSet;

use windlass_core::upload::{EngineConfig, Input, Source, UploadPhase};

use crate::simulated::World;
use crate::simulated::files::file;
use crate::simulated::network::{Chances, Fault, Network, Op};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// A job's queue: photos with their smaller pictures, added while others are on their way, and a video.
fn a_days_work(world: &mut World) {
    for index in 0..30 {
        world.add(file(&format!("photo-{index}"), 3 * MIB + index, &[8 * KIB, 400 * KIB]));
    }
    world.add(file("video", 23 * MIB, &[]));
}

#[test]
fn a_service_that_verifies_slowly_leaves_no_line_idle() {
    let mut network = Network::good();
    network.script = (1..=60).map(|nth| (Op::Complete, nth, Fault::Late(2_000))).collect();
    let mut world = World::new(1, network);
    for index in 0..60 {
        world.add(file(&format!("photo-{index}"), 100_000 + index, &[]));
    }
    world.run();
    world.assert_all_stored();
    // 6 MB take five seconds of this line; sixty verifications, four at a time, half a minute.
    let puts = world.begun.iter().filter(|(_, op)| *op == Op::Put);
    let last_ms = puts.map(|(at_ms, _)| *at_ms).max().unwrap();
    assert!(last_ms < 10_000, "the last was begun after {last_ms} ms");
}

#[test]
fn no_original_goes_before_a_smaller_picture_of_any_photo() {
    for seed in 0..4 {
        let mut network = Network::good();
        network.bytes_per_s = 500_000;
        network.chances = Chances { drop_before: 2 * seed, ..Chances::default() };
        let mut world = World::new(seed, network);
        a_days_work(&mut world);
        world.run();
        world.assert_all_stored();
        let first_original = world.puts.iter().position(|blob| blob.source == Source::Original).unwrap();
        let seen: HashSet<_> = world.puts.iter().take(first_original).collect();
        assert!(
            seen.len() >= 60,
            "seed {seed}: {} smaller pictures were begun before an original",
            seen.len()
        );
    }
}

#[test]
fn the_smallest_pictures_of_all_photos_go_first() {
    let mut world = World::new(3, Network::good());
    for index in 0..6 {
        world.add(file(&format!("photo-{index}"), 3 * MIB + index, &[400 * KIB, 8 * KIB]));
    }
    world.run();
    world.assert_all_stored();
    let of = |index| world.puts.iter().filter(move |blob| blob.source == Source::Variant(index));
    let last_thumbnail = world.puts.iter().rposition(|blob| blob.source == Source::Variant(1)).unwrap();
    let larger_before =
        world.puts.iter().take(last_thumbnail).filter(|blob| blob.source == Source::Variant(0));
    assert_eq!((of(0).count(), of(1).count()), (6, 6));
    assert!(larger_before.count() <= 2, "what is ready first may go first, and no more");
}

#[test]
fn while_no_photo_may_be_announced_the_originals_of_those_that_were_are_sent() {
    let mut network = Network::good();
    network.script = vec![(Op::Create, 3, Fault::Status(429, Some(60_000)))];
    let mut world = World::new(1, network);
    for index in 0..60 {
        world.add(file(&format!("photo-{index}"), 200 * KIB + index, &[8 * KIB]));
    }
    world.run_until(30_000);
    let originals = world.puts.iter().filter(|blob| blob.source == Source::Original).count();
    assert!((1..60).contains(&originals), "{originals} were begun");
    world.run();
    world.assert_all_stored();
}

#[test]
fn originals_wait_for_wifi_and_say_so_and_go_when_it_is_there() {
    let mut world = World::new(1, Network::good());
    world.feed(Input::OriginalsWait(true));
    a_days_work(&mut world);
    world.run_until(1_800_000);
    assert!(world.puts.iter().all(|blob| blob.source != Source::Original), "no original was begun");
    let pictures: HashSet<_> = world.puts.iter().collect();
    assert_eq!(pictures.len(), 60, "all smaller pictures were sent");
    for name in ["photo-0", "photo-29", "video"] {
        let last = world.phases(name).last().map(|(_, phase)| *phase);
        assert_eq!(last, Some(UploadPhase::WaitingForWifi), "{name}");
    }
    let requests = world.begun.len();
    world.run_until(4 * 3_600_000);
    assert_eq!(world.begun.len(), requests, "and while they wait, nobody is asked anything");
    world.feed(Input::OriginalsWait(false));
    world.run();
    world.assert_all_stored();
}

#[test]
fn an_original_that_had_failed_when_the_wifi_went_says_that_it_waits_for_it() {
    let mut network = Network::good();
    network.script = (1..100).map(|nth| (Op::Put, nth, Fault::Status(503, None))).collect();
    let mut world = World::new(1, network);
    world.add(file("photo", 300 * KIB, &[]));
    let last = |world: &World| world.phases("photo").last().map(|(_, phase)| *phase);
    world.run_while(|world| last(world) != Some(UploadPhase::Retrying));
    world.feed(Input::OriginalsWait(true));
    assert_eq!(last(&world), Some(UploadPhase::WaitingForWifi));
    world.network.script.clear();
    world.feed(Input::OriginalsWait(false));
    world.run();
    world.assert_all_stored();
}

#[test]
fn originals_that_were_cut_for_a_weak_signal_wait_and_say_so_as_well() {
    let mut network = Network::good();
    (network.bytes_per_s, network.round_trip_ms) = (60_000, 150);
    let mut world = World::new(1, network);
    for index in 0..3 {
        world.add(file(&format!("photo-{index}"), 3 * MIB + index, &[8 * KIB]));
    }
    world.run_until(20_000);
    world.feed(Input::OriginalsWait(true));
    world.run_until(400_000);
    let staged = world.staged_puts;
    assert!((1..48).contains(&staged), "{staged} pieces were staged before");
    for index in 0..3 {
        let phases = world.phases(&format!("photo-{index}"));
        assert_eq!(
            phases.last().map(|(_, phase)| *phase),
            Some(UploadPhase::WaitingForWifi),
            "photo-{index}"
        );
    }
    world.run_until(800_000);
    assert_eq!(world.staged_puts, staged, "no piece goes meanwhile");
    world.feed(Input::OriginalsWait(false));
    world.run();
    world.assert_all_stored();
}

#[test]
fn an_original_that_has_begun_is_sent_to_its_end_and_no_other_begins() {
    let mut network = Network::good();
    network.bytes_per_s = 250_000;
    let mut config = EngineConfig::new("p".parse().unwrap(), 1);
    // So that a PUT is an original.
    config.weak_signal = false;
    let mut world = World::with_config(config, network);
    for index in 0..4 {
        world.add(file(&format!("photo-{index}"), 3 * MIB + index, &[]));
    }
    world.at(6_000, Input::OriginalsWait(true));
    world.run_until(120_000);
    let begun = world.puts.len();
    assert!((1..4).contains(&begun), "{begun} originals were begun by then");
    assert_eq!(world.bucket.objects.len(), begun, "and are stored");
    world.feed(Input::OriginalsWait(false));
    world.run();
    world.assert_all_stored();
    assert!((world.waste() - 1.0).abs() < 1e-9);
}

#[test]
fn a_film_of_which_all_is_sent_does_not_wait_for_wifi_only_to_be_looked_up() {
    let mut network = Network::good();
    network.script = (1..=3).map(|nth| (Op::Put, nth, Fault::HideEtag)).collect();
    let mut world = World::new(1, network);
    world.add(file("film", 12 * MIB, &[]));
    world.run_while(|world| world.network.count(Op::Put) < 3);
    world.feed(Input::OriginalsWait(true));
    world.run();
    world.assert_all_stored();
    assert_eq!(world.network.count(Op::Put), 3);
}

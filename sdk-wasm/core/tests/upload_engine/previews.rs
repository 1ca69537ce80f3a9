//! The service is told of smaller pictures, so that photos are seen before their originals are there; and nothing
//! depends on it.

use windlass_core::upload::Input;
use windlass_protocol::ErrorCode;

use crate::simulated::World;
use crate::simulated::files::{file, reference};
use crate::simulated::network::{Fault, Network, Op};

const KIB: usize = 1024;

/// 2 Mbit/s and 150 ms.
fn slow_line() -> Network {
    let mut network = Network::good();
    (network.bytes_per_s, network.round_trip_ms) = (250_000, 150);
    network
}

/// As phones make them.
fn four_photos(world: &mut World) {
    for index in 0..4 {
        world.add(file(&format!("photo-{index}"), 3_000_000 + index, &[8 * KIB, 480 * KIB]));
    }
}

/// When a picture of each of the four was first shown.
fn shown_ms(world: &World, picture: &str) -> Vec<u64> {
    let of = |index| world.service.shown.get(&(reference(&format!("photo-{index}")), picture.to_owned()));
    (0..4).filter_map(of).copied().collect()
}

#[test]
fn the_thumbnails_of_all_photos_are_shown_within_seconds_and_their_larger_pictures_before_the_originals() {
    let mut world = World::new(1, slow_line());
    four_photos(&mut world);
    world.run();
    world.assert_all_stored();
    let (first, larger) = (shown_ms(&world, "v_0"), shown_ms(&world, "v_1"));
    assert_eq!((first.len(), larger.len()), (4, 4), "{:?}", world.service.shown);
    assert!(first.iter().all(|at_ms| *at_ms < 4_000), "{first:?}");
    // 4 × 480 KiB take eight seconds of this line, and the originals another 48.
    assert!(larger.iter().all(|at_ms| *at_ms < 13_000), "{larger:?}");
    assert!(world.network.count(Op::Report) <= 7, "{} reports", world.network.count(Op::Report));
}

#[test]
fn a_photo_that_is_stored_at_once_is_not_worth_a_report() {
    let mut world = World::new(1, Network::good());
    world.add(file("photo", 100 * KIB, &[4 * KIB, 20 * KIB]));
    world.run();
    world.assert_all_stored();
    assert_eq!(world.network.count(Op::Report), 0);
}

#[test]
fn on_a_line_that_carries_the_originals_within_seconds_nobody_is_told() {
    // An office's Wi-Fi.
    let mut network = Network::good();
    (network.bytes_per_s, network.round_trip_ms) = (12_500_000, 5);
    let mut world = World::new(1, network);
    for index in 0..20 {
        world.add(file(&format!("photo-{index}"), 1_000_000 + index, &[8 * KIB, 120 * KIB]));
    }
    world.run();
    world.assert_all_stored();
    assert_eq!(world.network.count(Op::Report), 0);
}

#[test]
fn where_the_originals_were_to_be_there_at_once_and_are_not_pictures_are_shown_within_seconds() {
    let mut network = Network::good();
    (network.bytes_per_s, network.round_trip_ms) = (12_500_000, 5);
    // The first PUTs are the smaller pictures; then nothing moves any more.
    network.script = (9..=200).map(|nth| (Op::Put, nth, Fault::Stall)).collect();
    let mut world = World::new(1, network);
    four_photos(&mut world);
    world.run_until(20_000);
    let (first, larger) = (shown_ms(&world, "v_0"), shown_ms(&world, "v_1"));
    assert_eq!((first.len(), larger.len()), (4, 4), "{:?}", world.service.shown);
    assert!(first.iter().chain(&larger).all(|at_ms| *at_ms < 6_000), "{first:?} {larger:?}");
}

#[test]
fn a_service_that_takes_long_to_look_at_pictures_is_no_network_that_is_gone() {
    let mut network = slow_line();
    network.script = vec![(Op::Report, 1, Fault::Stall)];
    let mut world = World::new(1, network);
    four_photos(&mut world);
    world.run();
    world.assert_all_stored();
    assert_eq!(world.trials, 0, "the line was never in doubt");
}

#[test]
fn reports_that_fail_cost_nothing_and_what_they_would_have_told_is_told_later() {
    for fault in
        [Fault::DropBefore, Fault::DropAfter, Fault::Stall, Fault::Status(503, None), Fault::TokenExpired]
    {
        let mut network = slow_line();
        network.script = (1..4).map(|nth| (Op::Report, nth, fault)).collect();
        let mut world = World::new(1, network);
        world.feed(Input::OriginalsWait(true));
        four_photos(&mut world);
        world.run_until(120_000);
        assert_eq!(shown_ms(&world, "v_0").len(), 4, "{fault:?}");
        assert_eq!(shown_ms(&world, "v_1").len(), 4, "{fault:?}");
        world.feed(Input::OriginalsWait(false));
        world.run();
        world.assert_all_stored();
        assert!((world.waste() - 1.0).abs() < 0.01, "{fault:?}: waste {}", world.waste());
    }
}

#[test]
fn a_service_that_does_not_want_to_know_is_told_once() {
    for code in [ErrorCode::Forbidden, ErrorCode::NotFound, ErrorCode::MethodNotAllowed] {
        let mut network = slow_line();
        network.script = (1..20).map(|nth| (Op::Report, nth, Fault::Refused(code))).collect();
        let mut world = World::new(1, network);
        four_photos(&mut world);
        world.run();
        world.assert_all_stored();
        assert_eq!(world.network.count(Op::Report), 1, "{code:?}");
    }
}

#[test]
fn after_a_reload_what_is_there_is_told_again() {
    let mut world = World::new(1, slow_line());
    world.feed(Input::OriginalsWait(true));
    four_photos(&mut world);
    world.run_until(30_000);
    let before = world.network.count(Op::Report);
    world.service.shown.clear();
    let mut config = windlass_core::upload::EngineConfig::new("p".parse().unwrap(), 2);
    config.weak_signal = false;
    world.reload(config);
    world.run();
    world.assert_all_stored();
    assert_eq!(shown_ms(&world, "v_0").len(), 4);
    assert!(world.network.count(Op::Report) > before);
}

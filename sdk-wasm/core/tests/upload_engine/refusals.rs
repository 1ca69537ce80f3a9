//! A store that does not accept signed URLs: how long it is asked again, and what is said.

use windlass_core::upload::{EngineConfig, FailureCode};
use windlass_protocol::UploadStatus;

use crate::simulated::World;
use crate::simulated::bucket::Target;
use crate::simulated::files::file;
use crate::simulated::network::{Fault, Network, Op};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const MINUTE_MS: u64 = 60_000;

fn config() -> EngineConfig {
    EngineConfig::new("p".parse().unwrap(), 3)
}

/// A world whose store answers so to every PUT, until it is told otherwise.
fn refusing(config: EngineConfig, fault: Fault) -> World {
    let mut network = Network::good();
    network.script = (1..5_000).map(|nth| (Op::Put, nth, fault)).collect();
    World::with_config(config, network)
}

#[test]
fn permissions_that_hold_again_after_a_minute_end_no_upload() {
    let mut world = refusing(config(), Fault::Denied);
    for index in 0..40 {
        world.add(file(&format!("photo-{index}"), 30 * KIB, &[10 * KIB]));
    }
    world.run_until(MINUTE_MS);
    let said = world.said_meanwhile();
    assert!(!said.is_empty(), "it is said while it is waited for");
    for reason in said {
        assert!(
            reason.contains("AccessDenied") && reason.contains("may not hold everywhere yet"),
            "{reason}"
        );
    }
    world.network.script.clear();
    world.run();
    world.assert_all_stored();
    assert!(world.now_ms < 3 * MINUTE_MS, "and are soon found: {}", world.now_ms);
    assert_eq!(world.service.uploads.len(), 40, "none was begun anew");
}

#[test]
fn a_permission_that_is_not_given_ends_after_minutes_and_few_attempts_with_the_stores_word() {
    for seed in 0..20 {
        let config = EngineConfig::new("p".parse().unwrap(), seed);
        let mut world = refusing(config, Fault::Denied);
        world.add(file("photo", 30 * KIB, &[]));
        world.run();
        assert_eq!(world.outcome("photo"), Err(FailureCode::StoreRefused));
        let (at_ms, message) = world.failures()[0];
        assert!((2 * MINUTE_MS..3 * MINUTE_MS + 5_000).contains(&at_ms), "{at_ms}");
        assert!(message.contains("AccessDenied") && !message.contains("again"), "{message}");
        assert!(world.network.count(Op::Put) <= 20, "{}", world.network.count(Op::Put));
    }
}

#[test]
fn f36_a_store_with_another_time_is_not_asked_for_ever() {
    let mut world = refusing(config(), Fault::Skewed);
    world.add(file("photo", 30 * KIB, &[]));
    world.run();
    assert_eq!(world.outcome("photo"), Err(FailureCode::StoreRefused));
    let (at_ms, message) = world.failures()[0];
    assert!(at_ms < 4 * MINUTE_MS && world.network.count(Op::Put) <= 20, "{at_ms}");
    assert!(message.contains("clock"), "{message}");
    world.assert_invariants();
    assert!(world.bucket.objects.is_empty(), "and nothing is there");
}

#[test]
fn an_application_that_waits_less_hears_nothing_of_another_attempt() {
    let mut config = config();
    config.give_up_after_ms = Some(20_000);
    let mut world = refusing(config, Fault::Denied);
    world.add(file("photo", 30 * KIB, &[]));
    world.run();
    let (at_ms, message) = world.failures()[0];
    assert!(at_ms < 2 * MINUTE_MS && !message.contains("again"), "{at_ms}: {message}");
}

#[test]
fn a_phone_that_sleeps_past_the_life_of_its_urls_again_and_again_is_not_called_refused() {
    let mut network = Network::good();
    // After each sleep the URL is too old, and the next attempt is cut off by the next sleep.
    network.script = (0..8).map(|sleep| (Op::Put, 2 * sleep + 1, Fault::Denied)).collect();
    let mut config = config();
    // One piece, as where the service takes no small ones.
    config.weak_signal = false;
    let mut world = World::with_config(config, network);
    world.add(file("photo", 3 * MIB, &[]));
    for sleep in 1..=8 {
        world.run_while(|world| world.network.count(Op::Put) < 2 * sleep);
        world.sleep(20 * MINUTE_MS);
    }
    world.run();
    world.assert_all_stored();
}

#[test]
fn pictures_whose_urls_were_refused_get_new_ones_while_originals_wait_for_them() {
    let mut network = Network::good();
    network.script = (1..=12).map(|nth| (Op::Put, nth, Fault::Denied)).collect();
    let mut world = World::new(1, network);
    for index in 0..40 {
        world.add(file(&format!("photo-{index}"), 30 * KIB, &[10 * KIB]));
    }
    world.run();
    world.assert_all_stored();
    assert!(world.now_ms < 10_000, "{}", world.now_ms);
}

/// Whoever runs the bucket may mend it within the day: what was stored is still good then, and the name as well.
#[test]
fn what_the_store_refused_goes_on_where_it_was_once_somebody_has_mended_the_store() {
    let mut network = Network::good();
    network.script = (4..5_000).map(|nth| (Op::Put, nth, Fault::Denied)).collect();
    let mut world = World::with_config(config(), network);
    world.add(file("film", 32 * MIB, &[]));
    for _ in 0..5 {
        world.run();
        assert_eq!(world.outcome("film"), Err(FailureCode::StoreRefused));
        world.events.clear();
        world.reload(config());
    }
    world.network.script.clear();
    world.run();
    world.assert_all_stored();
    assert_eq!((world.service.uploads.len(), world.repeated_puts), (1, 0));
    assert!(world.service.uploads.values().all(|record| record.status == UploadStatus::Uploaded));
    assert!(world.bucket.objects.keys().all(|(_, target)| *target == Target::Whole));
}

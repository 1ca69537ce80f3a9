//! How long an upload is waited for: for ever where what stands in its way can heal.

use windlass_core::upload::{EngineConfig, FailureCode, Input, Target, UploadPhase};

use crate::simulated::World;
use crate::simulated::files::{file, reference};
use crate::simulated::network::{Fault, Network, Op};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

fn scripted(script: &[(Op, u32, Fault)]) -> World {
    let mut network = Network::good();
    network.script = script.to_vec();
    World::new(1, network)
}

#[test]
fn f40_a_full_store_is_named_after_the_budget_and_not_before() {
    let full: Vec<_> = (1..2_000).map(|nth| (Op::Put, nth, Fault::Status(507, None))).collect();
    let mut world = scripted(&full);
    world.add(file("photo", 30 * KIB, &[]));
    world.run();
    assert_eq!(world.outcome("photo"), Err(FailureCode::StorageFull));
    let ended_ms = world.events.last().unwrap().0;
    assert!((30 * 60_000..32 * 60_000).contains(&ended_ms), "{ended_ms}");
}

#[test]
fn time_offline_and_time_paused_do_not_count_against_the_budget() {
    let mut network = Network::good();
    network.outages = vec![(0, 3 * 3_600_000)];
    let mut config = EngineConfig::new("p".parse().unwrap(), 1);
    config.give_up_after_ms = Some(30 * 60_000);
    let mut world = World::with_config(config, network);
    world.add(file("photo", 30 * KIB, &[]));
    world.at(1_000, Input::Online(false));
    world.at(3_600_000, Input::Pause(Target::All));
    world.at(3_601_000, Input::Online(true));
    world.at(3 * 3_600_000 - 60_000, Input::Resume(Target::All));
    world.run();
    world.assert_all_stored();
}

#[test]
fn nothing_is_given_up_while_it_is_wanted() {
    // Five hours without a word from anybody, and the browser never said that it was offline.
    let mut network = Network::good();
    network.outages = vec![(2_000, 5 * 3_600_000)];
    let mut world = World::new(1, network);
    world.add(file("video", 22 * MIB, &[KIB]));
    world.run_until(5 * 3_600_000);
    let since_then = world.begun.len();
    world.run();
    world.assert_all_stored();
    assert!(world.now_ms < 5 * 3_600_000 + 120_000, "found again within a minute: {}", world.now_ms);
    assert!(since_then < 3 * 1_800, "and nobody hurried: {since_then} requests in five hours");
}

#[test]
fn a_service_that_is_broken_for_hours_is_waited_for() {
    let broken: Vec<_> = (1..4_000).map(|nth| (Op::Complete, nth, Fault::Status(500, None))).collect();
    let mut world = scripted(&broken);
    world.add(file("photo", 30 * KIB, &[]));
    world.run_until(3 * 3_600_000);
    assert!(world.engine.contains(&reference("photo")));
    world.network.script.clear();
    world.run();
    world.assert_all_stored();
}

#[test]
fn an_application_that_does_not_want_to_wait_for_ever_need_not() {
    let mut network = Network::good();
    network.outages = vec![(0, u64::MAX)];
    let mut config = EngineConfig::new("p".parse().unwrap(), 1);
    config.give_up_after_ms = Some(30 * 60_000);
    let mut world = World::with_config(config, network);
    world.add(file("photo", 30 * KIB, &[]));
    world.run();
    assert_eq!(world.outcome("photo"), Err(FailureCode::RetriesExhausted));
    assert!((30 * 60_000..32 * 60_000).contains(&world.now_ms), "{}", world.now_ms);
}

#[test]
fn hours_for_which_an_original_waits_for_wifi_do_not_count_against_the_budget() {
    let mut network = Network::good();
    network.script = (1..=3).map(|nth| (Op::Put, nth, Fault::Status(503, None))).collect();
    let mut config = EngineConfig::new("p".parse().unwrap(), 1);
    config.give_up_after_ms = Some(30 * 60_000);
    let mut world = World::with_config(config, network);
    world.add(file("photo", 300 * KIB, &[]));
    let last = |world: &World| world.phases("photo").last().map(|(_, phase)| *phase);
    world.run_while(|world| last(world) != Some(UploadPhase::Retrying));
    world.feed(Input::OriginalsWait(true));
    world.run_until(3 * 3_600_000);
    world.feed(Input::OriginalsWait(false));
    world.run();
    world.assert_all_stored();
}

#[test]
fn what_is_paused_is_not_given_up_for_a_token_that_only_another_one_waits_for() {
    let mut config = EngineConfig::new("p".parse().unwrap(), 1);
    config.give_up_after_ms = Some(5 * 60_000);
    let mut world = World::with_config(config, Network::good());
    world.tokens_hang = true;
    world.add(file("paused", 30 * KIB, &[]));
    world.run_until(1_000);
    world.feed(Input::Pause(Target::One(reference("paused"))));
    world.add(file("other", 40 * KIB, &[]));
    world.run_while(|world| world.engine.contains(&reference("other")));
    assert_eq!(world.outcome("other"), Err(FailureCode::TokenUnavailable));
    world.tokens_hang = false;
    world.feed(Input::Resume(Target::All));
    world.run();
    assert_eq!(world.outcome("paused"), Ok(()));
}

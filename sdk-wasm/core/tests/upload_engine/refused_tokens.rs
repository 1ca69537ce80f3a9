//! A service that does not accept tokens: how often another one is asked for, for how long, and what is said.

use windlass_core::upload::{EngineConfig, FailureCode};
use windlass_protocol::ErrorCode;

use crate::simulated::World;
use crate::simulated::files::file;
use crate::simulated::network::{Fault, Network, Op};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const MINUTE_MS: u64 = 60_000;

fn world(seed: u64) -> World {
    World::with_config(EngineConfig::new("p".parse().unwrap(), seed), Network::good())
}

/// From now on the service answers so to whatever it is asked, until the script is cleared.
fn refuse(world: &mut World, code: ErrorCode) {
    for op in [Op::Create, Op::Sign, Op::List, Op::Complete, Op::Report, Op::Abort] {
        let next = world.network.count(op) + 1;
        world.network.script.extend((next..next + 500).map(|nth| (op, nth, Fault::Refused(code))));
    }
}

#[test]
fn f16_tokens_that_are_refused_until_the_new_keys_are_known_end_no_upload() {
    for seed in 0..10 {
        let mut world = world(seed);
        world.add(file("film", 12 * MIB, &[]));
        for index in 0..150 {
            world.add(file(&format!("photo-{index}"), 30 * KIB, &[10 * KIB]));
        }
        // Some are announced by then, and some are being sent.
        world.run_until(1_000);
        refuse(&mut world, ErrorCode::Unauthorized);
        let tokens_before = world.token_calls;
        world.run_until(71_000);
        assert_eq!(world.failures(), []);
        let said = world.said_meanwhile();
        assert!(!said.is_empty(), "it is said while it is waited for");
        for reason in said {
            assert!(reason.contains("may not hold everywhere yet"), "{reason}");
        }
        world.network.script.clear();
        world.run();
        world.assert_all_stored();
        assert!(world.now_ms < 3 * MINUTE_MS, "and the new keys are soon found: {}", world.now_ms);
        assert!(world.token_calls - tokens_before <= 20, "{} tokens", world.token_calls);
    }
}

#[test]
fn f16_a_token_that_is_always_refused_ends_after_minutes_and_few_tokens_with_the_services_word() {
    for seed in 0..20 {
        let mut world = world(seed);
        refuse(&mut world, ErrorCode::Unauthorized);
        for index in 0..3 {
            world.add(file(&format!("photo-{index}"), 30 * KIB, &[]));
        }
        world.run();
        for index in 0..3 {
            let outcome = world.outcome(&format!("photo-{index}"));
            assert_eq!(outcome, Err(FailureCode::Service(ErrorCode::Unauthorized)));
        }
        for (at_ms, message) in world.failures() {
            assert!((2 * MINUTE_MS..3 * MINUTE_MS + 5_000).contains(&at_ms), "{at_ms}");
            assert!(!message.contains("again"), "{message}");
        }
        assert_eq!(world.token_calls, world.network.count(Op::Create), "as often as one was refused");
        assert!((3..=20).contains(&world.token_calls), "{} tokens", world.token_calls);
    }
}

#[test]
fn a_permission_that_no_token_heals_ends_at_once() {
    let mut world = world(1);
    refuse(&mut world, ErrorCode::Forbidden);
    world.add(file("photo", 30 * KIB, &[]));
    world.run();
    assert_eq!(world.outcome("photo"), Err(FailureCode::Service(ErrorCode::Forbidden)));
    assert!(world.now_ms < 1_000, "{}", world.now_ms);
    assert_eq!(world.token_calls, 1);
}

#[test]
fn whoever_tries_again_after_the_end_is_tried_for_as_long() {
    let mut world = world(1);
    refuse(&mut world, ErrorCode::Unauthorized);
    world.add(file("first", 30 * KIB, &[]));
    world.run();
    assert_eq!(world.outcome("first"), Err(FailureCode::Service(ErrorCode::Unauthorized)));
    let again_ms = world.now_ms;
    world.add(file("second", 30 * KIB, &[]));
    world.run_until(again_ms + MINUTE_MS);
    world.network.script.clear();
    world.run();
    assert_eq!(world.outcome("second"), Ok(()));
}

#[test]
fn a_phone_that_sleeps_past_the_life_of_its_tokens_again_and_again_is_not_called_refused() {
    let mut world = world(1);
    // After each sleep the token is too old, and the next attempt is cut off by the next sleep.
    world.network.script = (0..8)
        .flat_map(|sleep| {
            [(Op::Create, 2 * sleep + 1, Fault::TokenExpired), (Op::Create, 2 * sleep + 2, Fault::DropBefore)]
        })
        .collect();
    world.add(file("photo", 30 * KIB, &[]));
    for sleep in 1..=8 {
        world.run_while(|world| world.network.count(Op::Create) < 2 * sleep);
        world.sleep(20 * MINUTE_MS);
    }
    world.run();
    world.assert_all_stored();
}

#[test]
fn good_tokens_that_run_out_while_the_service_has_no_database_are_not_called_refused() {
    let mut world = world(1);
    world.add(file("photo", 30 * KIB, &[]));
    // It knows good tokens by itself, and can do nothing for them; those of five minutes run out meanwhile.
    for minutes in [5, 10, 15, 20] {
        refuse(&mut world, ErrorCode::Unavailable);
        world.run_until(minutes * MINUTE_MS);
        world.network.script.clear();
        let next = world.network.count(Op::Create) + 1;
        world.network.script.push((Op::Create, next, Fault::TokenExpired));
        world.run_while(|world| world.network.count(Op::Create) < next);
    }
    world.network.script.clear();
    world.run();
    world.assert_all_stored();
}

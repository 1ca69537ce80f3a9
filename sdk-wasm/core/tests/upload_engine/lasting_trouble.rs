//! Uploads that cannot be finished for hours, at the head of a queue whose others could be.

use windlass_core::upload::UploadEvent;
use windlass_protocol::ErrorCode;

use crate::simulated::World;
use crate::simulated::files::{file, reference};
use crate::simulated::network::{Fault, Network, Op};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const MINUTE_MS: u64 = 60_000;

/// A queue whose first so many uploads the service cannot complete, with twenty others behind them.
fn queue(first: usize, code: ErrorCode) -> World {
    let mut world = World::new(1, Network::good());
    for index in 0..first {
        let name = format!("first-{index}");
        world.service.completes_not.insert(reference(&name), code);
        world.add(file(&name, 20 * KIB + index, &[]));
    }
    for index in 0..20 {
        world.add(file(&format!("other-{index}"), 30 * KIB + index, &[]));
    }
    world
}

/// Once the service completes everything all are stored.
fn assert_healed(mut world: World) {
    world.service.completes_not.clear();
    world.run();
    world.assert_all_stored();
}

fn stored(world: &World) -> usize {
    world.events.iter().filter(|(_, event)| matches!(event, UploadEvent::Stored { .. })).count()
}

#[test]
fn uploads_that_the_service_fails_to_complete_for_ever_hold_up_no_others() {
    let mut world = queue(40, ErrorCode::Internal);
    world.run_until(5 * MINUTE_MS);
    assert_eq!(stored(&world), 20);
    world.run_until(120 * MINUTE_MS);
    assert_healed(world);
}

#[test]
fn uploads_that_are_put_together_for_hours_hold_up_no_others() {
    let mut world = queue(120, ErrorCode::Assembling);
    world.run_until(2 * MINUTE_MS);
    assert_eq!(stored(&world), 20);
    assert_healed(world);
}

#[test]
fn a_film_whose_parts_the_service_fails_to_sign_for_ever_holds_up_no_other_film() {
    let mut world = World::new(1, Network::good());
    world.service.signs_not.insert(reference("first"));
    // Of its thirteen parts as many are read as are read of all that are under way.
    world.add(file("first", 64 * MIB, &[]));
    world.add(file("other", 12 * MIB, &[]));
    world.run_until(5 * MINUTE_MS);
    assert_eq!(stored(&world), 1);
    world.service.signs_not.clear();
    world.run();
    world.assert_all_stored();
}

#[test]
fn while_the_service_is_down_for_an_hour_a_long_queue_is_not_gone_through() {
    let mut world = queue(300, ErrorCode::Internal);
    world.service.completes_not.clear();
    world.network.script =
        (1..100_000).map(|nth| (Op::Create, nth, Fault::Refused(ErrorCode::Internal))).collect();
    world.run_until(60 * MINUTE_MS);
    let late = world.begun.iter().filter(|(at_ms, _)| *at_ms > 30 * MINUTE_MS).count();
    assert!(late < 3_600, "{late} requests in half an hour");
    world.network.script.clear();
    assert_healed(world);
}

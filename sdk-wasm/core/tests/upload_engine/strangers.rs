//! Answers that neither the service nor the store wrote: a captive portal's, a company proxy's, an ingress's while
//! the service is deployed. They say nothing of the file, so they end nothing; what was answered is said. And
//! servers that are there and do not let the page in.

use windlass_core::upload::{EngineConfig, FailureCode, UploadEvent, UploadPhase};
use windlass_protocol::ErrorCode;

use crate::simulated::World;
use crate::simulated::files::{file, reference};
use crate::simulated::network::{Fault, Network, Op};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// What strangers say.
const STATUSES: [u16; 7] = [400, 401, 403, 404, 405, 407, 413];

/// A world in which requests of these kinds get that fault, until it is taken away.
fn always(ops: &[Op], fault: Fault) -> World {
    let mut network = Network::good();
    network.script = ops.iter().flat_map(|op| (1..2_000).map(move |nth| (*op, nth, fault))).collect();
    World::new(1, network)
}

/// What was said last of an upload that waits.
fn said(world: &World) -> String {
    let mut reasons = world.events.iter().filter_map(|(_, event)| match event {
        UploadEvent::Phase { phase: UploadPhase::Retrying, reason, .. } => reason.clone(),
        _ => None,
    });
    reasons.next_back().unwrap_or_default()
}

#[test]
fn an_hour_of_somebody_elses_answers_ends_no_upload_and_says_what_was_answered() {
    for ops in [&[Op::Create][..], &[Op::Sign, Op::List], &[Op::Complete], &[Op::Put]] {
        for status in STATUSES {
            let mut world = always(ops, Fault::Status(status, None));
            world.add(file("photo", 30 * KIB, &[KIB]));
            world.add(file("video", 12 * MIB, &[]));
            world.run_until(3_600_000);
            assert!(world.engine.contains(&reference("video")), "{ops:?} {status}");
            assert!(said(&world).contains(&status.to_string()), "{ops:?} {status}: {}", said(&world));
            let attempts = world.begun.iter().filter(|(at_ms, _)| *at_ms > 60_000).count();
            assert!(attempts < 3_600, "nobody hurries: {attempts} requests in an hour ({ops:?} {status})");
            let arrived = world.bucket.arrived_bytes;
            world.network.script.clear();
            world.run();
            world.assert_all_stored();
            if !ops.contains(&Op::Put) {
                let sent_again = world.waste() - 1.0;
                assert!(sent_again < 0.001, "{ops:?} {status}: {sent_again} after {arrived} bytes");
            }
        }
    }
}

#[test]
fn a_service_behind_a_gateway_that_refuses_the_token_is_asked_with_another_one() {
    let mut world = World::new(1, {
        let mut network = Network::good();
        network.script = vec![(Op::Create, 1, Fault::Status(401, None))];
        network
    });
    world.add(file("photo", 30 * KIB, &[]));
    world.run();
    world.assert_all_stored();
    assert_eq!(world.token_calls, 2);
}

#[test]
fn what_the_service_itself_says_still_ends_an_upload_at_once() {
    for code in [ErrorCode::Forbidden, ErrorCode::QuotaExceeded, ErrorCode::RequestTooLarge] {
        let mut world = always(&[Op::Create], Fault::Refused(code));
        world.add(file("photo", 30 * KIB, &[]));
        world.run();
        assert_eq!(world.outcome("photo"), Err(FailureCode::Service(code)));
        assert!(world.now_ms < 1_000, "{} ms", world.now_ms);
    }
}

#[test]
fn a_bucket_or_a_service_that_does_not_let_the_page_in_is_named_and_waited_for() {
    for (op, said_of) in [(Op::Put, "bucket's CORS rules"), (Op::Create, "WINDLASS_ALLOWED_ORIGINS")] {
        // No answer comes, before a byte has moved; what needs nobody's permission is answered.
        let fault = if op == Op::Put { Fault::Reset(0) } else { Fault::DropBefore };
        let mut world = always(&[op], fault);
        world.add(file("photo", 30 * KIB, &[KIB]));
        world.add(file("video", 12 * MIB, &[]));
        world.run_until(30_000);
        assert!(said(&world).contains(said_of), "{op:?}: {}", said(&world));
        assert!(world.engine.contains(&reference("video")));
        world.network.script.clear();
        world.run();
        world.assert_all_stored();
    }
}

#[test]
fn an_application_that_does_not_wait_for_ever_hears_that_it_was_the_rules() {
    let mut network = Network::good();
    network.script = (1..2_000).map(|nth| (Op::Put, nth, Fault::Reset(0))).collect();
    let mut config = EngineConfig::new("p".parse().unwrap(), 1);
    config.give_up_after_ms = Some(60_000);
    let mut world = World::with_config(config, network);
    world.add(file("photo", 30 * KIB, &[]));
    world.run();
    assert_eq!(world.outcome("photo"), Err(FailureCode::CorsMisconfigured));
}

/// A gateway before the store, whose refusals lack the CORS headers: all bytes leave, and the page hears nothing.
#[test]
fn what_takes_all_bytes_without_an_answer_it_lets_the_page_see_is_not_fed_without_end() {
    for size in [3 * MIB, 12 * MIB] {
        let mut network = Network::good();
        network.script = (1..5_000).map(|nth| (Op::Put, nth, Fault::Reset(10))).collect();
        let mut config = EngineConfig::new("p".parse().unwrap(), 1);
        // Small pieces would rest for a second at the most, and cost little.
        config.weak_signal = false;
        let mut world = World::with_config(config, network);
        world.buffer_bytes = 16 * MIB as u64; // progress says that all has left
        world.add(file("photo", size, &[]));
        world.run_until(10 * 60_000);
        let puts = world.network.count(Op::Put);
        assert!((10..400).contains(&puts), "{puts} attempts in ten minutes for {size} bytes");
        world.network.script.clear();
        world.run();
        world.assert_all_stored();
    }
}

#[test]
fn bad_weather_is_not_called_a_mistake_of_somebody() {
    for outage in [(0, 120_000), (2_000, 120_000)] {
        let mut network = Network::good();
        network.outages = vec![outage];
        let mut world = World::new(1, network);
        world.add(file("photo", 30 * KIB, &[KIB]));
        world.add(file("video", 22 * MIB, &[]));
        world.run();
        world.assert_all_stored();
        let accused = world.events.iter().any(|(_, event)| {
            matches!(event, UploadEvent::Phase { reason: Some(reason), .. } if reason.contains("runs this site"))
        });
        assert!(!accused);
    }
}

//! A store that cannot keep up, or has no room: it is left alone, and nothing half is left in it.

use std::collections::HashMap;
use std::ops::Range;

use windlass_core::upload::{BlobRef, EngineConfig, FailureCode};
use windlass_protocol::UploadStatus;

use crate::simulated::World;
use crate::simulated::bucket::Target;
use crate::simulated::files::file;
use crate::simulated::network::{Chances, Fault, Network, Op};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// From when on the store is busy, and for how long, in milliseconds.
const BUSY: Range<u64> = 10_000..70_000;
const SECOND_MS: u64 = 1_000;

/// So many photos are more than a busy minute's work for a line that carries nine a second.
const PHOTOS: usize = 1_000;

fn a_busy_minute() -> World {
    let mut network = Network::good();
    (network.bytes_per_s, network.round_trip_ms) = (300_000, 50);
    let mut world = World::new(2, network);
    for index in 0..PHOTOS {
        world.add(file(&format!("photo-{index}"), 33 * KIB, &[]));
    }
    world.run_until(BUSY.start);
    world.network.chances = Chances { store_busy: 30, ..Chances::default() };
    world
}

/// PUTs that were begun: when, and of what.
fn puts(world: &World) -> Vec<(u64, &BlobRef)> {
    let began = world.begun.iter().filter(|(_, op)| *op == Op::Put).map(|(at_ms, _)| *at_ms);
    began.zip(&world.puts).collect()
}

/// PUTs begun in each second of that time.
fn rates(world: &World, during: Range<u64>) -> Vec<usize> {
    let puts = puts(world);
    let begun_in = |from_ms: u64| {
        puts.iter().filter(|(at_ms, _)| (from_ms..from_ms + SECOND_MS).contains(at_ms)).count()
    };
    during.step_by(SECOND_MS as usize).map(begun_in).collect()
}

#[test]
fn f28_a_store_that_says_slow_down_gets_fewer_requests_and_half_as_many_at_once() {
    let mut world = a_busy_minute();
    let calm = world.puts.len();
    // What was on its way then ends, and the first refusals come.
    world.run_until(BUSY.start + SECOND_MS);
    let answered = world.puts.len();
    world.run_until(BUSY.end);
    let busy = answered..world.puts.len();
    assert!(world.bucket.objects.len() < PHOTOS, "there was work all the time");
    world.network.chances = Chances::default();
    world.run();
    world.assert_all_stored();
    let mean = |some: &[usize]| some.iter().sum::<usize>() as f64 / some.len() as f64;
    let (before, during) = (mean(&world.puts_at_once[..calm]), mean(&world.puts_at_once[busy]));
    assert!(during <= before / 2.0, "{during} at once while it is busy, {before} before");
    let usual = mean(&rates(&world, 2_000..BUSY.start));
    let during = rates(&world, BUSY);
    assert!(mean(&during) <= 1.2 * usual, "{} a second while it is busy, {usual} before", mean(&during));
    let worst = during.iter().max().copied().unwrap_or_default();
    assert!(worst as f64 <= 1.2 * usual, "{worst} in one second while it is busy, {usual} before");
}

#[test]
fn f28_what_is_refused_again_and_again_waits_longer_each_time() {
    let mut world = a_busy_minute();
    world.run_until(BUSY.end);
    let mut last: HashMap<&BlobRef, (u64, usize)> = HashMap::new();
    let mut waits = [const { Vec::new() }; 8];
    for (at_ms, blob) in puts(&world) {
        let (before_ms, refusals) = last.get(blob).copied().unwrap_or((at_ms, 0));
        if let Some(waits) = refusals.checked_sub(1).and_then(|nth| waits.get_mut(nth)) {
            waits.push(at_ms - before_ms);
        }
        last.insert(blob, (at_ms, refusals + 1));
    }
    let mean = |waits: &Vec<u64>| waits.iter().sum::<u64>() / waits.len().max(1) as u64;
    let means: Vec<u64> = waits.iter().take(3).map(mean).collect();
    // Drawn from up to half a second, one second and two.
    let least = [200, 400, 800];
    assert!(means.iter().zip(least).all(|(mean, least)| *mean >= least), "{means:?} ms after each refusal");
}

#[test]
fn f28_a_store_that_says_when_to_come_back_is_left_alone_until_then() {
    let mut network = Network::good();
    network.script = vec![(Op::Put, 5, Fault::Status(503, Some(20_000)))];
    let mut world = World::new(2, network);
    for index in 0..60 {
        world.add(file(&format!("photo-{index}"), 300 * KIB, &[]));
    }
    world.run_while(|world| world.network.count(Op::Put) < 5);
    let begun_ms = world.now_ms;
    world.run();
    world.assert_all_stored();
    let times: Vec<u64> = puts(&world).iter().map(|(at_ms, _)| *at_ms).filter(|at| *at > begun_ms).collect();
    // It is told when its bytes are there, and until then others may begin.
    let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    assert!((20_000..21_000).contains(&longest), "{longest} ms without a PUT");
}

#[test]
fn f24_f28_whoever_asks_to_be_left_alone_for_a_day_is_asked_again_after_a_minute_or_ten() {
    let day = Some(86_400_000);
    for (op, fault, most_ms) in [
        (Op::Create, Fault::Status(503, day), 62 * SECOND_MS),
        (Op::Put, Fault::Status(503, day), 62 * SECOND_MS),
        (Op::Put, Fault::SlowDown(day), 602 * SECOND_MS),
    ] {
        let mut network = Network::good();
        network.script = vec![(op, 1, fault)];
        let mut world = World::new(2, network);
        world.add(file("photo", 300 * KIB, &[]));
        world.run();
        world.assert_all_stored();
        assert!((most_ms - 5 * SECOND_MS..most_ms).contains(&world.now_ms), "{fault:?}: {} ms", world.now_ms);
    }
}

/// The upload stays open at the service for who makes room and tries again; else it ends there with its time.
#[test]
fn f40_a_film_the_store_has_no_room_for_ends_with_no_object_and_goes_on_with_what_is_missing() {
    let mut network = Network::good();
    network.script = (4..2_000).map(|nth| (Op::Put, nth, Fault::Status(507, None))).collect();
    let config = || EngineConfig::new("p".parse().unwrap(), 3);
    let mut world = World::with_config(config(), network);
    world.add(file("film", 32 * MIB, &[]));
    world.run();
    assert_eq!(world.outcome("film"), Err(FailureCode::StorageFull));
    world.assert_invariants();
    let ended_ms = world.events.last().unwrap().0;
    assert!((30 * 60_000..32 * 60_000).contains(&ended_ms), "{ended_ms}");
    assert!(world.bucket.objects.keys().all(|(_, target)| *target != Target::Whole), "no half object");
    let parts: Vec<u64> = world
        .bucket
        .parts
        .values()
        .flat_map(|parts| parts.values())
        .map(|it| it.bytes.len() as u64)
        .collect();
    assert_eq!(parts.len(), 3, "what was stored belongs to the upload");
    assert!(world.service.uploads.values().all(|record| record.status == UploadStatus::PendingUpload));

    world.network.script.clear();
    world.events.clear();
    let before = world.bucket.arrived_bytes;
    world.reload(config());
    world.run();
    world.assert_all_stored();
    assert_eq!((world.repeated_puts, world.service.uploads.len()), (0, 1));
    let sent = world.bucket.arrived_bytes - before;
    assert_eq!(sent, 32 * MIB as u64 - parts.iter().sum::<u64>(), "only what was missing");
}

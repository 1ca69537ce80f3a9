//! Uploads that the service has finished by itself, because all of their bytes had arrived while their last answer was
//! lost on the way to the phone.

use windlass_core::upload::{EngineConfig, Input, Target};
use windlass_protocol::UploadStatus;

use crate::simulated::World;
use crate::simulated::files::file;
use crate::simulated::network::{Fault, Network, Op};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const FILM_BYTES: usize = 12 * MIB;

/// A film of three parts that is on its way.
fn film(network: Network) -> World {
    let mut world = World::new(1, network);
    world.add(file("film", FILM_BYTES, &[]));
    world
}

/// Bytes of parts and of staged pieces that are in the bucket.
fn arrived(world: &World) -> usize {
    let parts: usize = world.bucket.parts.values().flatten().map(|(_, part)| part.bytes.len()).sum();
    let staged = world.service.uploads.keys().flat_map(|id| world.bucket.staged(*id));
    parts + staged.map(|(_, bytes)| bytes.len()).sum::<usize>()
}

/// The service looks, and has a photo.
fn finish(world: &mut World) {
    world.look_for_arrivals();
    assert!(world.service.uploads.values().all(|record| record.status == UploadStatus::Uploaded));
}

/// All of it arrives, and then the user lets it wait until that time.
fn finish_while_paused(world: &mut World, size: usize, until_ms: u64) {
    world.run_while(|world| arrived(world) < size);
    world.feed(Input::Pause(Target::All));
    finish(world);
    world.run_until(until_ms);
    world.feed(Input::Resume(Target::All));
}

/// It is told as stored, and nothing of it was sent or begun twice.
fn assert_stored_once(mut world: World) {
    world.run();
    world.assert_all_stored();
    assert_eq!((world.service.uploads.len(), world.repeated_puts), (1, 0));
}

#[test]
fn a_film_that_the_service_finished_while_its_last_answer_was_lost_is_not_sent_again() {
    let mut network = Network::good();
    network.script = (1..=3).map(|nth| (Op::Put, nth, Fault::DropAfter)).collect();
    let mut world = film(network);
    world.run_while(|world| arrived(world) < FILM_BYTES);
    finish(&mut world);
    assert_stored_once(world);
}

#[test]
fn a_film_that_the_service_finished_while_it_was_paused_is_not_sent_again() {
    let mut world = film(Network::good());
    finish_while_paused(&mut world, FILM_BYTES, 120_000);
    assert_stored_once(world);
}

#[test]
fn a_photo_in_pieces_that_the_service_finished_while_it_was_paused_is_not_sent_again() {
    let mut network = Network::good();
    (network.bytes_per_s, network.round_trip_ms) = (60_000, 150);
    let mut world = World::new(1, network);
    let size = 3 * MIB;
    world.add(file("photo", size, &[]));
    finish_while_paused(&mut world, size, 300_000);
    assert_stored_once(world);
}

#[test]
fn a_part_that_the_store_refuses_because_the_service_has_finished_the_film_starts_nothing_anew() {
    let mut world = film(Network::good());
    world.run_while(|world| world.network.count(Op::Put) < 3);
    world.have_arrived_before();
    finish(&mut world);
    assert_stored_once(world);
}

/// The last answer was lost with the page, and the office's pipeline had its word before the next page came.
#[test]
fn a_photo_that_the_pipeline_failed_at_or_has_quarantined_is_not_sent_again_under_another_name() {
    for status in [UploadStatus::Failed, UploadStatus::Quarantined] {
        for size in [300 * KIB, FILM_BYTES] {
            let mut network = Network::good();
            network.script = vec![(Op::Complete, 1, Fault::DropAfter)];
            let mut world = World::new(1, network);
            world.add(file("photo", size, &[10 * KIB]));
            let is_photo = |world: &World| {
                world.service.uploads.values().any(|record| record.status == UploadStatus::Uploaded)
            };
            world.run_while(|world| !is_photo(world));
            world.service.uploads.values_mut().for_each(|record| record.status = status);
            let puts = world.network.count(Op::Put);
            world.reload(EngineConfig::new("p".parse().unwrap(), 9));
            world.run();
            assert_eq!(world.outcome("photo"), Ok(()), "{status:?}");
            assert_eq!((world.service.uploads.len(), world.network.count(Op::Put)), (1, puts), "{status:?}");
        }
    }
}

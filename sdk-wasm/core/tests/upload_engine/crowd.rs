//! A queue that is very long costs no more for each photo than a short one does: a crew that chooses ten thousand
//! photos has a phone to use meanwhile.
//!
//! What is counted is how often the engine looks at an upload, which no busy machine changes.

use windlass_core::upload::{Input, Target, UploadEvent};

use crate::simulated::World;
use crate::simulated::files::file;
use crate::simulated::network::{Network, Op};

const SHORT: usize = 300;
const LONG: usize = 3_000;
/// Where all of the queue is looked at for each input this is ten.
const TIMES_MOST: f64 = 1.5;

fn empty() -> World {
    let mut network = Network::good();
    (network.bytes_per_s, network.round_trip_ms) = (50_000_000, 10);
    World::new(3, network)
}

fn choose(world: &mut World, photos: usize) {
    for index in 0..photos {
        world.add(file(&format!("photo-{index}"), 3_000 + index % 97, &[300]));
    }
}

/// That each photo of a long queue has the engine look at no more uploads than each of a short one.
fn assert_as_cheap_in_a_long_queue(work: impl Fn(usize) -> World) {
    let looks = |photos: usize| work(photos).engine.looked_at() as f64 / photos as f64;
    let (short, long) = (looks(SHORT), looks(LONG));
    assert!(long < TIMES_MOST * short, "{long} looks for each of {LONG}, {short} for each of {SHORT}");
}

fn stored(world: &World) -> usize {
    world.events.iter().filter(|(_, event)| matches!(event, UploadEvent::Stored { .. })).count()
}

#[test]
fn in_a_long_queue_each_photo_takes_as_many_looks_as_in_a_short_one() {
    assert_as_cheap_in_a_long_queue(|photos| {
        let mut world = empty();
        choose(&mut world, photos);
        world.run();
        assert_eq!(stored(&world), photos);
        world
    });
}

#[test]
fn a_queue_that_is_paused_is_not_gone_through_for_each_photo_that_joins_it() {
    assert_as_cheap_in_a_long_queue(|photos| {
        let mut world = empty();
        world.feed(Input::Pause(Target::All));
        choose(&mut world, photos);
        assert_eq!(world.network.count(Op::Create), 0);
        world
    });
}

#[test]
fn originals_that_wait_for_wifi_are_not_gone_through_for_each_picture_that_is_sent() {
    assert_as_cheap_in_a_long_queue(|photos| {
        let mut world = empty();
        world.feed(Input::OriginalsWait(true));
        choose(&mut world, photos);
        world.run_while(|world| world.bucket.objects.len() < photos);
        assert_eq!(stored(&world), 0, "what is sent is the smaller pictures");
        world
    });
}

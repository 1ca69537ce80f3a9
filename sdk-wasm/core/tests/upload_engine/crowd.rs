//! A queue that is very long costs no more for each photo than a short one does: a crew that chooses ten thousand
//! photos has a phone to use meanwhile.

use std::time::{Duration, Instant};

use windlass_core::upload::UploadEvent;

use crate::simulated::World;
use crate::simulated::files::file;
use crate::simulated::network::Network;

const SHORT: usize = 300;
const LONG: usize = 3_000;
/// Where all of the queue is looked at for each input this is six.
const TIMES_MOST: u32 = 3;

fn world(photos: usize) -> World {
    let mut network = Network::good();
    (network.bytes_per_s, network.round_trip_ms) = (50_000_000, 10);
    let mut world = World::new(3, network);
    for index in 0..photos {
        world.add(file(&format!("photo-{index}"), 3_000 + index % 97, &[300]));
    }
    world
}

/// The quickest of three: what else the machine does only slows things down.
fn quickest(work: impl Fn() -> Duration) -> Duration {
    (0..3).map(|_| work()).min().unwrap_or_default()
}

#[allow(clippy::disallowed_methods, reason = "how long the engine itself takes is what is asked")]
#[test]
fn in_a_long_queue_each_photo_takes_the_engine_as_long_as_in_a_short_one() {
    let each = |photos: usize| {
        quickest(|| {
            let began = Instant::now();
            let mut world = world(photos);
            world.run();
            let took = began.elapsed();
            let is_stored = |event: &UploadEvent| matches!(event, UploadEvent::Stored { .. });
            assert_eq!(world.events.iter().filter(|(_, event)| is_stored(event)).count(), photos);
            took / photos as u32
        })
    };
    let (short, long) = (each(SHORT), each(LONG));
    assert!(long < TIMES_MOST * short, "{long:?} for each of {LONG}, {short:?} for each of {SHORT}");
}

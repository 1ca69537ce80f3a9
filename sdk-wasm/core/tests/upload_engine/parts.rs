//! Parts as large as the line is good: what was measured decides, and what was decided stays.

use windlass_core::upload::EngineConfig;

use crate::simulated::World;
use crate::simulated::files::{file, reference};
use crate::simulated::network::{Fault, Network, Op};

const MIB: usize = 1024 * 1024;
const FILM: usize = 96 * MIB;

/// 400 Mbit/s, 20 ms.
fn fast_line() -> Network {
    let mut network = Network::good();
    (network.bytes_per_s, network.round_trip_ms) = (50_000_000, 20);
    network
}

fn config(seed: u64) -> EngineConfig {
    EngineConfig { connections_max: 2, ..EngineConfig::new("p".parse().unwrap(), seed) }
}

/// A world that has sent a few photos on that line, as crews do before their film.
fn experienced(network: Network) -> World {
    let mut world = World::with_config(config(1), network);
    for index in 0..3 {
        world.add(file(&format!("photo-{index}"), 3_000_000, &[]));
    }
    world.run();
    world
}

/// What was wished for a file, in MiB.
fn wish(world: &World, name: &str) -> Option<u64> {
    let record = &world.service.uploads[&world.service.by_ref[&reference(name)]];
    record.file.preferred_part_size.map(|bytes| bytes / MIB as u64)
}

#[test]
fn on_a_fast_line_a_film_goes_in_fewer_and_larger_parts() {
    let requests = |mut world: World| {
        let photos = world.network.count(Op::Put);
        world.add(file("film", FILM, &[]));
        world.run();
        world.assert_all_stored();
        assert_eq!(world.repeated_puts, 0);
        (world.network.count(Op::Put) - photos, wish(&world, "film"))
    };
    assert_eq!(requests(experienced(fast_line())), (8, Some(12)));
    let new = World::with_config(config(1), fast_line());
    assert_eq!(requests(new), (20, None), "who has measured nothing wishes nothing");
}

#[test]
fn on_a_slow_or_a_bad_line_parts_are_as_small_as_s3_takes_them() {
    let mut slow = experienced(Network::good());
    slow.add(file("film", 30 * MIB, &[]));
    slow.run();
    assert_eq!(wish(&slow, "film"), Some(5));

    let mut bad = experienced(fast_line());
    bad.network.script = vec![(Op::Put, 4, Fault::DropBefore)];
    bad.add(file("last-photo", 4_000_000, &[]));
    bad.run_while(|world| world.network.count(Op::Put) < 5);
    bad.add(file("film", 30 * MIB, &[]));
    bad.run();
    bad.assert_all_stored();
    assert_eq!(wish(&bad, "film"), Some(5), "fast as it is, connections die on it");
}

#[test]
fn after_a_reload_the_parts_are_those_that_were_chosen_first() {
    let mut world = experienced(fast_line());
    // The page that comes back has only the film.
    world.added.clear();
    world.add(file("film", FILM, &[]));
    let photos = world.network.count(Op::Put);
    world.run_while(|world| world.network.count(Op::Put) < photos + 5);
    world.reload(config(2));
    let before = world.network.count(Op::Put);
    world.run();
    assert_eq!(world.outcome("film"), Ok(()));
    assert_eq!(world.repeated_puts, 0);
    let rest = world.network.count(Op::Put) - before;
    assert!((3..=5).contains(&rest), "of eight parts of 12 MiB, {rest} were left");
}

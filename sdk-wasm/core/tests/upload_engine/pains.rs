//! What hurts the users of other uploaders, by the numbers of `tests/PAINS.md`, where no other test says it.

use windlass_core::upload::EngineConfig;

use crate::simulated::World;
use crate::simulated::files::file;
use crate::simulated::network::{Network, Op};

const MIB: usize = 1024 * 1024;

/// uppy#6547: parts in series.
#[test]
fn pain_04_parts_of_one_file_go_side_by_side_where_the_line_has_room() {
    let mut network = Network::good();
    (network.bytes_per_s, network.round_trip_ms) = (25_000_000, 100);
    let mut world = World::new(4, network);
    world.add(file("video", 120 * MIB, &[]));
    world.run();
    world.assert_all_stored();
    assert!(world.most_puts_at_once >= 4, "{} at once", world.most_puts_at_once);
}

/// uppy#1915: many parts signed at once expire before they are used.
#[test]
fn pain_05_parts_are_signed_shortly_before_they_are_sent() {
    let mut network = Network::good();
    network.bytes_per_s = 500_000;
    let mut config = EngineConfig::new("p".parse().unwrap(), 5);
    // In small pieces there would be none.
    config.weak_signal = false;
    let mut world = World::with_config(config, network);
    // A part takes ten seconds, all of them nine minutes.
    world.service.url_lifetime_s = 120;
    world.add(file("video", 260 * MIB, &[]));
    world.run();
    world.assert_all_stored();
    assert_eq!(world.bucket.refused_as_expired, 0, "no URL was used after its end");
    let parts = 52;
    assert_eq!(world.network.count(Op::Put), parts);
    let signed = world.service.parts_signed;
    assert!(signed <= parts * 3 / 2, "{signed} URLs were signed for {parts} parts");
}

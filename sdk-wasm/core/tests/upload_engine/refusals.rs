//! A store that does not accept signed URLs: how long it is asked again, and what is said.

use crate::simulated::World;
use crate::simulated::files::file;
use crate::simulated::network::{Fault, Network, Op};

const KIB: usize = 1024;

#[test]
fn pictures_whose_urls_were_refused_get_new_ones_while_originals_wait_for_them() {
    let mut network = Network::good();
    network.script = (1..=12).map(|nth| (Op::Put, nth, Fault::Denied)).collect();
    let mut world = World::new(1, network);
    for index in 0..40 {
        world.add(file(&format!("photo-{index}"), 30 * KIB, &[10 * KIB]));
    }
    world.run();
    world.assert_all_stored();
    assert!(world.now_ms < 10_000, "{}", world.now_ms);
}

//! Files that cannot be read for a moment, because their provider wants a second call or the page was in the background;
//! those that are others when they are read again; and those of which nothing comes.

use std::sync::Arc;

use windlass_core::upload::{BlobRef, EngineConfig, FailureCode, ReadFailure, Source, UploadEvent};

use crate::simulated::World;
use crate::simulated::files::{file, noise, reference};
use crate::simulated::network::{Fault, Network, Op};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// Longer than anything in a simulated world.
const FOR_EVER_MS: u64 = 1_000 * 3_600_000;

/// A file of which so many reads fail, that is sent in any case or only if it was not stored before.
fn hardly_readable(size: usize, again: bool, failure: ReadFailure, times: usize) -> World {
    let mut world = World::new(1, Network::good());
    world.reads_fail = vec![failure; times];
    let mut photo = file("photo", size, &[]);
    photo.upload.again = again;
    world.add(photo);
    world.run();
    world
}

#[test]
fn a_file_that_cannot_be_read_is_read_again_after_rests_that_double() {
    for (size, again) in [(300 * KIB, true), (12 * MIB, false)] {
        for (failure, times, rests_ms) in [(ReadFailure::Gone, 2, 1_500), (ReadFailure::Changed, 4, 7_500)] {
            let world = hardly_readable(size, again, failure, times);
            world.assert_all_stored();
            let announced_ms = world.begun.iter().find(|(_, op)| *op == Op::Create).unwrap().0;
            assert!((rests_ms..rests_ms + 500).contains(&announced_ms), "{failure:?}: {announced_ms} ms");
        }
    }
}

#[test]
fn a_file_that_stays_unreadable_ends_within_ten_seconds_with_what_it_is() {
    for (size, again) in [(300 * KIB, true), (12 * MIB, false)] {
        for (failure, code) in
            [(ReadFailure::Gone, FailureCode::FileGone), (ReadFailure::Changed, FailureCode::FileChanged)]
        {
            let world = hardly_readable(size, again, failure, 100);
            assert_eq!(world.outcome("photo"), Err(code));
            assert!(world.now_ms < 10_000, "{failure:?}: {} ms", world.now_ms);
        }
    }
}

#[test]
fn a_photo_whose_smaller_picture_cannot_be_read_any_more_is_stored_without_it() {
    // Before it is announced, and after a connection died under the picture, which is read again then.
    for late in [false, true] {
        let mut world = World::new(1, Network::good());
        world.add(file("photo", 300 * KIB, &[20 * KIB, 60 * KIB]));
        if late {
            world.network.script = vec![(Op::Put, 1, Fault::DropBefore)];
            world.run_while(|world| world.network.count(Op::Put) == 0);
        }
        world.files.remove(&BlobRef { client_ref: reference("photo"), source: Source::Variant(0) });
        world.run();
        world.assert_all_stored();
        assert_eq!(world.network.count(Op::Create), 1, "late: {late}");
        assert!(world.now_ms < 30_000, "late: {late}, {} ms", world.now_ms);
    }
}

#[test]
fn a_film_that_cannot_be_read_for_a_moment_when_its_page_comes_back_goes_on() {
    let mut world = World::new(1, Network::good());
    world.add(file("film", 12 * MIB, &[]));
    world.run_while(|world| world.bucket.parts.values().all(|parts| parts.len() < 2));
    world.reload(EngineConfig::new("p".parse().unwrap(), 9));
    world.run_while(|world| world.network.count(Op::List) == 0);
    world.reads_fail = vec![ReadFailure::Changed; 6];
    world.run();
    world.assert_all_stored();
    assert_eq!((world.service.uploads.len(), world.repeated_puts), (1, 0));
}

#[test]
fn a_film_that_is_written_anew_after_it_was_recognised_is_not_put_together_of_two_versions() {
    let mut world = World::new(1, Network::good());
    let mut film = file("film", 12 * MIB, &[]);
    film.upload.again = false;
    world.add(film.clone());
    world.run_while(|world| world.network.count(Op::Create) == 0);
    let blob = BlobRef { client_ref: reference("film"), source: Source::Original };
    world.files.insert(blob, Arc::new(film.original.iter().map(|byte| byte ^ 1).collect()));
    world.run();
    assert_eq!(world.outcome("film"), Err(FailureCode::FileChanged));
    assert_eq!(world.network.count(Op::Complete), 0);
    world.assert_invariants();
}

#[test]
fn a_film_whose_file_is_gone_goes_on_with_a_copy_that_comes_soon_and_sends_nothing_twice() {
    let mut world = World::new(1, Network::good());
    let mut film = file("film", 20 * MIB, &[]);
    world.add(film.clone());
    world.run_while(|world| world.bucket.parts.values().all(|parts| parts.len() < 2));
    world.files.remove(&BlobRef { client_ref: reference("film"), source: Source::Original });
    world.run_while(|world| world.events.is_empty() || world.engine.contains(&reference("film")));
    assert_eq!(world.outcome("film"), Err(FailureCode::FileGone));
    world.events.clear();
    world.added.clear();
    film.upload.resumed = true;
    world.add(film);
    world.run();
    world.assert_all_stored();
    assert_eq!((world.service.uploads.len(), world.repeated_puts), (1, 0));
    assert_eq!(world.network.count(Op::Abort), 0);
}

fn original(name: &str) -> BlobRef {
    BlobRef { client_ref: reference(name), source: Source::Original }
}

/// A photo of which each read takes so long, and of which it is told now and then that more has come, or is not.
fn slowly_read(takes_ms: u64, tells: bool) -> World {
    let mut world = World::new(1, Network::good());
    world.reads_take_ms.insert(original("photo"), takes_ms);
    world.reads_tell = tells;
    world.add(file("photo", 300 * KIB, &[]));
    world
}

#[test]
fn photos_of_which_nothing_comes_keep_no_other_waiting_for_long_and_end_as_unreadable() {
    // As many as are read at once, and as many as are worked on: the first of those ends after eight minutes.
    for (silent, within_ms) in [(4, 90_000), (12, 400_000)] {
        let mut world = World::new(1, Network::good());
        let silent: Vec<String> = (0..silent).map(|index| format!("cloud-{index}")).collect();
        for name in &silent {
            world.reads_take_ms.insert(original(name), FOR_EVER_MS);
            world.add(file(name, 300 * KIB, &[20 * KIB]));
        }
        let others = 8;
        for index in 0..others {
            world.add(file(&format!("photo-{index}"), 300 * KIB, &[20 * KIB]));
        }
        world.run();
        for name in &silent {
            assert_eq!(world.outcome(name), Err(FailureCode::FileGone));
        }
        let stored = world.events.iter().filter(|(_, event)| matches!(event, UploadEvent::Stored { .. }));
        let stored_ms: Vec<u64> = stored.map(|(at_ms, _)| *at_ms).collect();
        assert_eq!(stored_ms.len(), others);
        assert!(stored_ms.iter().all(|at_ms| *at_ms < within_ms), "{stored_ms:?}");
        world.assert_invariants();
    }
}

#[test]
fn a_film_of_which_nothing_comes_when_it_is_recognised_ends_as_unreadable() {
    let mut world = World::new(1, Network::good());
    world.reads_take_ms.insert(original("film"), FOR_EVER_MS);
    let mut film = file("film", 12 * MIB, &[]);
    film.upload.again = false;
    world.add(film);
    world.run();
    assert_eq!(world.outcome("film"), Err(FailureCode::FileGone));
    assert_eq!(world.read_bytes, 4 * 12 * MIB as u64);
}

#[test]
fn what_comes_of_a_read_after_it_was_given_up_is_nobodys() {
    let mut world = slowly_read(62_000, false);
    world.run_until(60_100);
    // It is another file by now, of which the next read takes longer than what is left of the first.
    let changed = noise(300 * KIB, 4_711);
    world.files.insert(original("photo"), Arc::clone(&changed));
    world.added[0].original = changed;
    world.reads_take_ms.insert(original("photo"), 5_000);
    world.run();
    world.assert_all_stored();
    assert_eq!(world.read_bytes, 2 * 300 * KIB as u64);
}

#[test]
fn a_file_that_is_read_slowly_is_not_given_up_while_more_of_it_comes() {
    let mut world = slowly_read(10 * 60_000, true);
    world.run();
    world.assert_all_stored();
    assert_eq!(world.read_bytes, 300 * KIB as u64);
}

#[test]
fn a_read_is_not_given_up_for_the_time_in_which_the_page_slept() {
    let mut world = slowly_read(100_000, false);
    world.run_until(30_000);
    world.sleep(40_000);
    world.run();
    world.assert_all_stored();
    assert_eq!(world.read_bytes, 300 * KIB as u64);
}

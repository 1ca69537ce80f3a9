//! The same photo chosen twice: recognised by its bytes, and sent once.

use windlass_core::upload::{Engine, EngineConfig, Input, Target, UploadEvent, UploadPhase};
use windlass_protocol::UploadStatus;

use crate::simulated::World;
use crate::simulated::files::{SimulatedFile, file, noise, reference};
use crate::simulated::network::{Network, Op};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// A file as a person chooses it, who may have chosen it before.
fn chosen(client_ref: &str, size: usize) -> SimulatedFile {
    let mut file = file(client_ref, size, &[5 * KIB]);
    file.upload.again = false;
    file
}

/// Photos and twins of an upload's end.
fn stored(world: &World, client_ref: &str) -> (windlass_protocol::PhotoId, Option<String>) {
    let found = world.events.iter().find_map(|(_, event)| match event {
        UploadEvent::Stored { client_ref: of, photo, same_as, .. } if of.as_str() == client_ref => {
            Some((photo.photo_id, same_as.as_ref().map(|twin| twin.as_str().to_owned())))
        }
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{client_ref} is stored"))
}

/// Whether an upload ended with a photo that was there, and what it sent.
fn was_there(world: &World, client_ref: &str) -> bool {
    let found = world.events.iter().find_map(|(_, event)| match event {
        UploadEvent::Stored { client_ref: of, already_stored, .. } if of.as_str() == client_ref => {
            Some(*already_stored)
        }
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{client_ref} is stored"))
}

/// Another page, which knows nothing of what was sent before.
fn new_page(world: &mut World) {
    world.engine = Engine::new(EngineConfig::new("p".parse().unwrap(), 9));
}

/// A photo that was stored, and is chosen as "second" in a page that does not know it.
fn chosen_again() -> World {
    let mut world = World::new(1, Network::good());
    world.add(chosen("first", 300 * KIB));
    world.run();
    new_page(&mut world);
    world.add(chosen("second", 300 * KIB));
    world
}

/// Another page, which takes up what the one before had not sent.
fn reload(world: &mut World) {
    world.reload(EngineConfig::new("p".parse().unwrap(), 9));
}

/// How many photos there are, where nothing else is open.
fn photos(world: &World) -> usize {
    let statuses = || world.service.uploads.values().map(|record| record.status);
    assert!(statuses().all(|status| status != UploadStatus::PendingUpload), "nothing is left open");
    assert!(world.bucket.parts.values().all(|parts| parts.is_empty()), "nor half there");
    statuses().filter(|status| *status == UploadStatus::Uploaded).count()
}

#[test]
fn a_photo_that_another_page_has_stored_is_not_sent_again_unless_asked() {
    for size in [300 * KIB, 12 * MIB] {
        let mut world = World::new(1, Network::good());
        world.add(chosen("first", size));
        world.run();
        let (photo, _) = stored(&world, "first");
        assert!(!was_there(&world, "first"));
        let puts = world.network.count(Op::Put);

        new_page(&mut world);
        world.add(chosen("second", size));
        world.add(chosen("third", size));
        world.run();
        assert_eq!((stored(&world, "second"), was_there(&world, "second")), ((photo, None), true));
        assert_eq!(stored(&world, "third"), (photo, Some("second".to_owned())));
        assert!(was_there(&world, "third"));
        assert_eq!((world.network.count(Op::Put), world.service.uploads.len()), (puts, 1));

        let mut again = chosen("fourth", size);
        again.upload.again = true;
        world.add(again);
        world.run();
        assert_ne!(stored(&world, "fourth").0, photo);
        assert!(!was_there(&world, "fourth"));
    }
}

#[test]
fn a_photo_that_is_deleted_just_after_it_was_said_to_be_stored_is_sent() {
    let mut world = chosen_again();
    world.run_while(|world| world.network.count(Op::Complete) < 2);
    let first = world.service.by_ref[&reference("first")];
    world.service.uploads.get_mut(&first).unwrap().status = UploadStatus::Aborted;
    world.run();
    assert_ne!(stored(&world, "second").0, first.into());
    assert!(!was_there(&world, "second"));
    assert_eq!((world.network.count(Op::Put), world.network.count(Op::Create)), (4, 3));
}

#[test]
fn photos_that_nobody_can_recognise_are_sent_after_a_while_and_keep_no_other_waiting_for_ever() {
    let mut world = World::new(1, Network::good());
    let sizes: Vec<usize> = (0..30).map(|nth| (20 + nth) * KIB).collect();
    for size in &sizes {
        world.add(chosen(&format!("before {size}"), *size));
    }
    world.run();
    new_page(&mut world);
    world.service.reads_photos = false;
    for size in &sizes {
        world.add(chosen(&format!("again {size}"), *size));
    }
    world.add(chosen("fresh", 300 * KIB));
    world.run();
    assert!(sizes.iter().all(|size| !was_there(&world, &format!("again {size}"))));
    assert_eq!(photos(&world), 2 * sizes.len() + 1);
}

#[test]
fn a_store_that_can_be_asked_again_after_some_minutes_gets_no_photo_twice() {
    let mut world = chosen_again();
    world.service.reads_photos = false;
    let minutes = world.now_ms + 5 * 60_000;
    world.run_until(minutes);
    world.service.reads_photos = true;
    world.run();
    assert!(was_there(&world, "second"));
    assert_eq!(photos(&world), 1);
}

#[test]
fn two_moments_of_trouble_with_a_pause_between_them_send_no_photo_twice() {
    let mut world = chosen_again();
    for pause_ms in [15 * 60_000, 0] {
        world.service.reads_photos = false;
        let announced = world.network.count(Op::Create);
        world.run_while(|world| world.network.count(Op::Create) < announced + 2);
        world.feed(Input::Pause(Target::All));
        let until_ms = world.now_ms + pause_ms;
        world.run_until(until_ms);
        world.service.reads_photos = true;
        world.feed(Input::Resume(Target::All));
    }
    world.run();
    assert!(was_there(&world, "second"));
    assert_eq!(photos(&world), 1);
}

#[test]
fn a_photo_chosen_twice_is_sent_once_and_both_are_stored() {
    for size in [300 * KIB, 12 * MIB] {
        let mut world = World::new(1, Network::good());
        for name in ["first", "second", "third"] {
            world.add(chosen(name, size));
        }
        world.run();
        let (photo, twin) = stored(&world, "first");
        assert_eq!(twin, None);
        for name in ["second", "third"] {
            assert_eq!(stored(&world, name), (photo, Some("first".to_owned())));
        }
        let bytes = (size + 5 * KIB) as u64;
        assert_eq!((world.bucket.arrived_bytes, world.service.uploads.len()), (bytes, 1));
    }
}

#[test]
fn a_photo_that_was_stored_is_recognised_for_as_long_as_it_is_there() {
    let mut world = World::new(1, Network::good());
    world.add(chosen("first", 300 * KIB));
    world.run();
    world.add(chosen("second", 300 * KIB));
    world.run();
    assert_eq!(stored(&world, "second").1.as_deref(), Some("first"));
    assert_eq!(world.network.count(Op::Put), 2);

    // The office has deleted it: whoever chooses it again wants it back.
    let first = world.service.by_ref[&reference("first")];
    world.service.uploads.get_mut(&first).unwrap().status = UploadStatus::Aborted;
    world.add(chosen("third", 300 * KIB));
    world.run();
    assert_eq!(stored(&world, "third").1, None);
    assert_eq!(world.network.count(Op::Put), 4);
}

#[test]
fn where_the_first_is_given_up_the_second_goes_on() {
    let mut world = World::new(1, Network::good());
    for name in ["first", "second", "third"] {
        world.add(chosen(name, 12 * MIB));
    }
    world.run_until(2_000);
    world.feed(Input::Cancel(Target::One(reference("first"))));
    world.run();
    assert_eq!(stored(&world, "second").1, None);
    assert_eq!(stored(&world, "third").1.as_deref(), Some("second"));
}

#[test]
fn where_the_first_is_given_up_after_others_brought_the_same_bytes_the_second_ends_as_they_did() {
    let mut world = World::new(1, Network::good());
    for name in ["first", "second"] {
        world.add(chosen(name, 300 * KIB));
    }
    world.run_while(|world| world.network.count(Op::Create) == 0);
    for name in ["first", "second"] {
        world.feed(Input::Pause(Target::One(reference(name))));
    }
    let mut again = chosen("again", 300 * KIB);
    again.upload.again = true;
    world.add(again);
    world.run_while(|world| world.network.count(Op::Complete) == 0);
    world.run_until(world.now_ms + 1_000);
    world.feed(Input::Cancel(Target::One(reference("first"))));
    world.feed(Input::Resume(Target::One(reference("second"))));
    world.run();
    assert_eq!(stored(&world, "second"), (stored(&world, "again").0, Some("again".to_owned())));
    assert!(world.puts.iter().all(|blob| blob.client_ref == reference("again")));
}

#[test]
fn whoever_wants_it_twice_gets_it_twice() {
    let mut world = World::new(1, Network::good());
    world.add(chosen("first", 300 * KIB));
    let mut again = chosen("second", 300 * KIB);
    again.upload.again = true;
    world.add(again);
    world.run();
    world.assert_all_stored();
    assert_ne!(stored(&world, "first").0, stored(&world, "second").0);
}

#[test]
fn what_is_sent_in_any_case_is_not_read_to_be_compared() {
    for (again, times) in [(false, 2), (true, 1)] {
        let mut world = World::new(1, Network::good());
        let mut film = chosen("film", 12 * MIB);
        film.upload.again = again;
        let pictures: usize = film.variants.iter().map(|bytes| bytes.len()).sum();
        world.add(film);
        world.run();
        world.assert_all_stored();
        assert_eq!(world.read_bytes, (times * 12 * MIB + pictures) as u64);
    }
}

#[test]
fn other_bytes_of_the_same_size_are_another_photo() {
    let mut world = World::new(1, Network::good());
    world.add(chosen("first", 300 * KIB));
    let mut other = chosen("second", 300 * KIB);
    other.original = noise(300 * KIB, 4_711);
    world.add(other);
    world.run();
    world.assert_all_stored();
}

#[test]
fn two_of_a_photo_that_was_deleted_meanwhile_make_one_new_one() {
    let mut world = World::new(1, Network::good());
    world.add(chosen("first", 300 * KIB));
    world.run();
    let (deleted, _) = stored(&world, "first");
    world.service.forget(deleted.into());
    let puts = world.network.count(Op::Put);
    world.add(chosen("second", 300 * KIB));
    world.add(chosen("third", 300 * KIB));
    world.run();
    assert_eq!(stored(&world, "second").0, stored(&world, "third").0);
    assert_eq!(world.service.uploads.len(), 1, "and not one for each");
    assert_eq!(world.network.count(Op::Put) - puts, 2, "the photo and its smaller picture");
}

#[test]
fn a_twin_of_one_that_is_paused_is_sent_and_one_of_what_waits_says_so() {
    let mut world = World::new(1, Network::good());
    world.add(chosen("first", 12 * MIB));
    world.add(chosen("second", 12 * MIB));
    world.run_while(|world| world.network.count(Op::Put) == 0);
    world.feed(Input::OriginalsWait(true));
    world.run_until(20_000);
    for name in ["first", "second"] {
        let last = world.phases(name).last().map(|(_, phase)| *phase);
        assert_eq!(last, Some(UploadPhase::WaitingForWifi), "{name}");
    }
    world.feed(Input::OriginalsWait(false));
    world.feed(Input::Pause(Target::One(reference("first"))));
    assert_eq!(world.phases("first").last().map(|(_, phase)| *phase), Some(UploadPhase::Paused));
    world.run();
    assert_eq!(stored(&world, "first").0, stored(&world, "second").0);
}

#[test]
fn after_a_reload_a_photo_chosen_twice_is_sent_once_and_both_are_stored() {
    for (size, tells_of_photos) in
        [(300 * KIB, true), (300 * KIB, false), (12 * MIB, true), (12 * MIB, false)]
    {
        let mut world = World::new(1, Network::good());
        world.service.tells_of_photos = tells_of_photos;
        for name in ["first", "second"] {
            world.add(chosen(name, size));
        }
        world.run_while(|world| world.bucket.arrived_bytes < size as u64 / 2);
        reload(&mut world);
        world.run();
        assert_eq!(stored(&world, "first").0, stored(&world, "second").0);
        assert!(world.puts.iter().all(|blob| blob.client_ref == reference("first")));
        assert_eq!((photos(&world), world.repeated_originals), (1, 0));
    }
}

#[test]
fn twins_that_an_earlier_page_had_both_begun_make_one_photo_and_the_other_is_closed() {
    let mut world = World::new(1, Network::good());
    for name in ["first", "second"] {
        let mut both = chosen(name, 12 * MIB);
        both.upload.again = true;
        world.add(both);
    }
    world.run_while(|world| world.bucket.parts.values().filter(|parts| !parts.is_empty()).count() < 2);
    world.added.iter_mut().for_each(|file| file.upload.again = false);
    reload(&mut world);
    world.run();
    assert_eq!(stored(&world, "second"), (stored(&world, "first").0, Some("first".to_owned())));
    assert_eq!((photos(&world), world.service.uploads.len()), (1, 2));
}

#[test]
fn what_an_earlier_page_has_begun_goes_on_for_a_twin_that_was_read_before_it() {
    let mut world = World::new(1, Network::good());
    world.add(chosen("begun", 12 * MIB));
    world.run_while(|world| world.bucket.parts.values().all(|parts| parts.is_empty()));
    let mut begun = std::mem::take(&mut world.added).remove(0);
    reload(&mut world);
    begun.upload.resumed = true;
    world.add(chosen("new", 12 * MIB));
    world.add(begun);
    world.run();
    assert_eq!(stored(&world, "new"), (stored(&world, "begun").0, Some("begun".to_owned())));
    assert_eq!((photos(&world), world.repeated_originals), (1, 0));
}

#[test]
fn what_an_earlier_page_may_have_begun_ends_as_the_twin_that_was_stored_before_it_was_read() {
    let mut world = World::new(1, Network::good());
    world.service.tells_of_photos = false;
    world.add(chosen("first", 300 * KIB));
    world.run();
    let mut second = chosen("second", 300 * KIB);
    second.upload.resumed = true;
    world.add(second);
    world.run();
    assert_eq!(stored(&world, "second"), (stored(&world, "first").0, Some("first".to_owned())));
    assert_eq!(photos(&world), 1);
}

#[test]
fn after_a_reload_an_upload_link_without_room_for_a_twin_refuses_none() {
    let mut world = World::new(1, Network::good());
    (world.service.tells_of_photos, world.service.room) = (false, 1);
    for name in ["first", "second"] {
        world.add(chosen(name, 12 * MIB));
    }
    world.run_while(|world| world.network.count(Op::Put) == 0);
    reload(&mut world);
    world.run();
    assert_eq!(stored(&world, "second"), (stored(&world, "first").0, Some("first".to_owned())));
    assert_eq!(photos(&world), 1);
}

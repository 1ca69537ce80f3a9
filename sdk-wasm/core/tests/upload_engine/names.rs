//! Uploads the service has closed: their names stay taken, and their photos are sent all the same.

use windlass_core::upload::{EngineConfig, FailureCode, Input, Target, UploadEvent};
use windlass_protocol::{ErrorCode, UploadStatus};

use crate::simulated::World;
use crate::simulated::files::file;
use crate::simulated::network::{Fault, Network, Op};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

fn config(seed: u64) -> EngineConfig {
    EngineConfig::new("p".parse().unwrap(), seed)
}

fn open_uploads(world: &World) -> usize {
    world.service.uploads.values().filter(|record| record.status == UploadStatus::PendingUpload).count()
}

/// So many times the page begins to send, is closed, and comes back when the service has closed the upload. Answers
/// whether the last page still has something to send.
fn deadlines_pass(world: &mut World, times: usize) -> bool {
    for time in 0..times {
        world.run_while(|world| open_uploads(world) == 0 && !world.engine.is_idle());
        if world.engine.is_idle() {
            return false;
        }
        for record in world.service.uploads.values_mut() {
            record.status = UploadStatus::Expired;
        }
        world.bucket.parts.clear();
        world.reload(config(time as u64));
    }
    true
}

/// What was said of an upload, on its way and at its end.
fn words(world: &World) -> Vec<&str> {
    let words = world.events.iter().filter_map(|(_, event)| match event {
        UploadEvent::Phase { reason, .. } => reason.as_deref(),
        UploadEvent::Failed { error, .. } => Some(error.message.as_str()),
        _ => None,
    });
    words.collect()
}

#[test]
fn a_photo_whose_upload_expired_twenty_times_is_sent_at_the_next_page() {
    for size in [3 * MIB, 12 * MIB] {
        let mut world = World::new(1, Network::good());
        world.add(file("photo", size, &[10 * KIB]));
        assert!(deadlines_pass(&mut world, 20));
        let begun = world.begun.len();
        let back_ms = world.now_ms;
        world.run_while(|world| open_uploads(world) == 0);
        let asked_ms = world.now_ms - back_ms;
        assert!(asked_ms < 3_000, "{asked_ms} ms until a name was free");
        assert!(world.begun[begun..].iter().all(|(_, op)| *op == Op::Create), "{:?}", &world.begun[begun..]);
        world.run();
        world.assert_all_stored();
        assert_eq!(words(&world), Vec::<&str>::new(), "nothing went wrong");
    }
}

#[test]
fn an_open_upload_behind_closed_ones_is_found_after_a_reload_and_no_part_is_sent_again() {
    let mut world = World::new(1, Network::good());
    world.add(file("video", 30 * MIB, &[]));
    assert!(deadlines_pass(&mut world, 5));
    world.run_while(|world| world.bucket.parts.values().all(|parts| parts.len() < 3));
    world.reload(config(9));
    world.run();
    world.assert_all_stored();
    assert_eq!((world.service.uploads.len(), world.repeated_puts), (6, 0));
}

#[test]
fn a_photo_with_the_longest_name_there_is_can_be_begun_anew_as_often_as_others() {
    for letter in ["x", "ü"] {
        let longest = letter.repeat(200 / letter.len());
        let mut world = World::new(1, Network::good());
        world.add(file(&longest, 300 * KIB, &[]));
        assert!(deadlines_pass(&mut world, 12));
        world.run();
        world.assert_all_stored();
        assert_eq!(world.service.uploads.len(), 13);
    }
}

#[test]
fn a_photo_without_a_name_left_says_so_and_what_to_do() {
    let mut world = World::new(1, Network::good());
    world.add(file("photo", 300 * KIB, &[]));
    assert!(!deadlines_pass(&mut world, 100), "it is not asked for ever");
    assert_eq!(world.outcome("photo"), Err(FailureCode::Service(ErrorCode::UploadClosed)));
    assert_eq!(world.service.uploads.len(), 64);
    let said = words(&world);
    assert!(said.len() == 1 && said[0].contains("Choose the file again"), "{said:?}");
}

#[test]
fn f33_an_upload_that_is_closed_or_forgotten_each_time_it_is_begun_ends_with_true_words() {
    // Where the name of a closed one stays taken, each time it is tried before the next one.
    for (op, fault, creates) in
        [(Op::Sign, Fault::Expired, 7), (Op::Sign, Fault::NotFound, 4), (Op::Put, Fault::NoSuchUpload, 7)]
    {
        let mut network = Network::good();
        network.script = (1..200).map(|nth| (op, nth, fault)).collect();
        let mut world = World::new(1, network);
        world.add(file("video", 6 * MIB, &[]));
        world.run();
        assert!(world.outcome("video").is_err());
        assert_eq!(world.network.count(Op::Create), creates, "{fault:?}");
        let said = words(&world);
        let last = said.last().unwrap();
        assert!(last.contains("begun anew 3 times") && last.contains("Try again later"), "{last}");
    }
}

#[test]
fn a_name_we_made_that_is_another_files_is_passed_over() {
    let mut world = World::new(1, Network::good());
    world.add(file("photo~2", 400 * KIB, &[]));
    world.run();
    world.add(file("photo", 300 * KIB, &[]));
    world.run_while(|world| open_uploads(world) == 0);
    world.feed(Input::Cancel(Target::All));
    world.run_until(5_000);
    world.events.clear();
    world.added.clear();
    world.add(file("photo", 300 * KIB, &[]));
    world.run();
    assert_eq!(world.outcome("photo"), Ok(()));
    assert!(world.service.by_ref.contains_key(&"photo~3".parse().unwrap()));
}

#[test]
fn a_late_answer_to_an_announcement_that_was_cancelled_does_not_end_its_successor() {
    let mut network = Network::good();
    // The first one closes its name, the second is announced under the next one; that answer is late.
    network.script = vec![(Op::Create, 3, Fault::Late(2_000))];
    let mut world = World::new(1, network);
    let begin = |world: &mut World, creates| {
        world.add(file("video", 12 * MIB, &[]));
        world.run_while(|world| world.network.count(Op::Create) < creates);
    };
    begin(&mut world, 1);
    world.run_while(|world| open_uploads(world) == 0);
    world.feed(Input::Cancel(Target::All));
    world.run_until(5_000);
    begin(&mut world, 3);
    world.run_while(|world| open_uploads(world) == 0);
    world.feed(Input::Cancel(Target::All));
    world.events.clear();
    world.added.clear();
    begin(&mut world, 5);
    world.run();
    assert_eq!(world.outcome("video"), Ok(()));
    assert!(world.now_ms > 10_000, "the late answer came while it was sent");
    assert_eq!(world.service.uploads.len(), 2, "the one that was cancelled, and the photo");
}

#[test]
fn an_original_that_waited_for_wifi_past_its_deadline_goes_with_its_pictures_into_the_upload_of_its_name() {
    let mut world = World::new(1, Network::good());
    world.feed(Input::OriginalsWait(true));
    world.add(file("photo", 300 * KIB, &[10 * KIB]));
    // Its URL is too old by then. The service has closed the upload, whose name it gives to the next one.
    world.run_until(30 * 60_000);
    world.service.uploads.values_mut().for_each(|record| record.status = UploadStatus::Expired);
    world.service.by_ref.clear();
    world.feed(Input::OriginalsWait(false));
    world.run();
    world.assert_all_stored();
    let names: Vec<_> = world.service.by_ref.keys().map(|name| name.as_str()).collect();
    assert_eq!((names, open_uploads(&world)), (vec!["photo"], 0));
}

#[test]
fn a_film_that_begins_anew_under_its_name_which_was_freed_is_found_after_a_reload() {
    let mut world = World::new(1, Network::good());
    world.add(file("film", 30 * MIB, &[]));
    let has_parts = |world: &World, least| world.bucket.parts.values().any(|parts| parts.len() >= least);
    world.run_while(|world| !has_parts(world, 2));
    world.service.uploads.values_mut().for_each(|record| record.status = UploadStatus::Expired);
    world.service.by_ref.clear();
    world.bucket.parts.clear();
    world.run_while(|world| !has_parts(world, 3));
    world.reload(config(9));
    world.run();
    world.assert_all_stored();
    assert_eq!((world.service.uploads.len(), world.repeated_puts), (2, 0), "the closed one and the photo");
}

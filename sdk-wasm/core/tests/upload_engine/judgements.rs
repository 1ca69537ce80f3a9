//! What the service, the application and the device decide, and what the user then hears; with the row
//! of the fault list (F…) each stands for.

use std::sync::Arc;

use windlass_core::upload::{
    BlobRef, EngineConfig, FailureCode, Input, Source, Target, UploadEvent, UploadPhase,
};
use windlass_protocol::{ErrorCode, UploadStatus};

use crate::simulated::World;
use crate::simulated::files::{file, reference};
use crate::simulated::network::{Fault, Network, Op};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

fn scripted(script: &[(Op, u32, Fault)]) -> World {
    let mut network = Network::good();
    network.script = script.to_vec();
    World::new(1, network)
}

fn original(name: &str) -> BlobRef {
    BlobRef { client_ref: reference(name), source: Source::Original }
}

#[test]
fn f05_a_file_that_changes_on_the_way_is_never_completed() {
    let mut world = scripted(&[(Op::Put, 2, Fault::Reset(60))]);
    world.add(file("video", 16 * MIB, &[]));
    world.add(file("photo", 300 * KIB, &[]));
    world.run_until(1_000);
    let changed: Vec<u8> = world.files[&original("video")].iter().map(|byte| byte ^ 1).collect();
    world.files.insert(original("video"), Arc::new(changed));
    world.run();
    assert_eq!(world.outcome("video"), Err(FailureCode::FileChanged));
    assert_eq!(world.outcome("photo"), Ok(()));
    world.assert_invariants();
    assert!(world.bucket.parts.is_empty(), "the multipart upload is aborted");
}

#[test]
fn f06_a_file_that_is_gone_ends_within_five_seconds_and_the_others_go_on() {
    let mut world = World::new(1, Network::good());
    world.add(file("video", 30 * MIB, &[]));
    world.add(file("photo", 300 * KIB, &[KIB]));
    world.run_until(2_000);
    world.files.remove(&original("video"));
    world.run();
    assert_eq!(world.outcome("video"), Err(FailureCode::FileGone));
    let ended = world.events.iter().find(|(_, event)| matches!(event, UploadEvent::Failed { .. })).unwrap();
    assert!(ended.0 < 7_000, "after {} ms", ended.0 - 2_000);
    assert_eq!(world.outcome("photo"), Ok(()));
    world.assert_invariants();
}

#[test]
fn f16_an_expired_token_is_refreshed_once_for_all() {
    let expired: Vec<_> = [(Op::Complete, 1), (Op::Complete, 2), (Op::Sign, 1)]
        .map(|(op, nth)| (op, nth, Fault::TokenExpired))
        .into();
    let mut world = scripted(&expired);
    for index in 0..6 {
        world.add(file(&format!("photo-{index}"), 30 * KIB, &[]));
    }
    world.add(file("video", 6 * MIB, &[]));
    world.run();
    world.assert_all_stored();
    assert!(world.token_calls <= 4, "{}", world.token_calls);
}

#[test]
fn f16_two_that_are_refused_at_one_moment_ask_for_one_token() {
    let mut world = scripted(&[1, 2].map(|nth| (Op::Complete, nth, Fault::TokenExpired)));
    // Far away, so that both are on their way before the first is refused.
    world.network.round_trip_ms = 2_000;
    for index in 0..2 {
        world.add(file(&format!("photo-{index}"), 30 * KIB, &[]));
    }
    world.run();
    world.assert_all_stored();
    assert_eq!(world.token_calls, 2, "the first one, and one for both");
}

#[test]
fn a_token_function_that_fails_is_asked_again() {
    let mut world = World::new(1, Network::good());
    world.token_failures = 4;
    world.add(file("photo", 30 * KIB, &[]));
    world.run();
    world.assert_all_stored();
    let told = world.events.iter().any(|(_, event)| {
        matches!(event, UploadEvent::Phase { reason: Some(reason), .. } if reason.contains("signed out"))
    });
    assert!(told, "the user hears why nothing moves");
}

#[test]
fn f22_an_etag_nobody_can_tell_is_named_to_the_integrator() {
    let mut world =
        scripted(&[(Op::Put, 1, Fault::HideEtag), (Op::List, 1, Fault::Refused(ErrorCode::Forbidden))]);
    world.add(file("video", 6 * MIB, &[]));
    world.run();
    assert_eq!(world.outcome("video"), Err(FailureCode::CorsMisconfigured));
    let message = world.events.iter().find_map(|(_, event)| match event {
        UploadEvent::Failed { error, .. } => Some(error.message.clone()),
        _ => None,
    });
    assert!(message.unwrap().contains("ExposeHeaders"));
    let is_open = world.service.uploads.values().all(|record| record.status == UploadStatus::PendingUpload);
    assert!(is_open, "what is stored is there for who tries again with better rules");
}

#[test]
fn f23_a_service_that_is_down_for_a_minute_loses_nothing_and_is_found_again_soon() {
    let mut recovered = Vec::new();
    for seed in 0..8 {
        let mut network = Network::good();
        network.script = (2..400)
            .flat_map(|n| [Op::Sign, Op::Complete].map(|op| (op, n, Fault::Status(503, None))))
            .collect();
        let mut world = World::new(seed, network);
        world.add(file("video", 22 * MIB, &[]));
        world.add(file("photo", 300 * KIB, &[]));
        world.run_until(60_000);
        let parts: usize = world.bucket.parts.values().map(|parts| parts.len()).sum();
        assert!(parts >= 1, "what is signed goes on");
        world.network.script.clear();
        world.run_while(|world| {
            world.begun.last().is_none_or(|(at_ms, op)| *op != Op::Put || *at_ms < 60_000)
        });
        recovered.push(world.now_ms - 60_000);
        world.run();
        world.assert_all_stored();
    }
    assert!(recovered.iter().all(|ms| *ms < 10_500), "{recovered:?}");
}

#[test]
fn f24_retry_after_is_honoured() {
    let mut world = scripted(&[(Op::Create, 1, Fault::Status(429, Some(20_000)))]);
    world.add(file("photo", 30 * KIB, &[]));
    world.run();
    world.assert_all_stored();
    let creates: Vec<u64> =
        world.begun.iter().filter(|(_, op)| *op == Op::Create).map(|(at, _)| *at).collect();
    assert!(creates[1] - creates[0] >= 20_000, "{creates:?}");
}

#[test]
fn f24_a_limit_on_new_uploads_holds_the_whole_queue_back_but_not_what_was_announced() {
    let mut world = scripted(&[(Op::Create, 3, Fault::Status(429, Some(40_000)))]);
    for index in 0..60 {
        world.add(file(&format!("photo-{index}"), 200 * KIB, &[]));
    }
    world.run();
    world.assert_all_stored();
    let begun = |wanted| world.begun.iter().filter(move |(_, op)| *op == wanted).map(|(at_ms, _)| *at_ms);
    assert_eq!(begun(Op::Create).filter(|at_ms| (2_000..40_000).contains(at_ms)).count(), 0);
    assert!(begun(Op::Complete).any(|at_ms| at_ms < 10_000), "what was announced is finished");
}

#[test]
fn f26_a_lost_answer_to_complete_is_one_photo() {
    let mut world = scripted(&[(Op::Complete, 1, Fault::DropAfter), (Op::Complete, 2, Fault::Stall)]);
    world.add(file("photo", 300 * KIB, &[]));
    world.run();
    world.assert_all_stored();
}

#[test]
fn f32_only_the_part_the_service_misses_is_sent_again() {
    let mut world = scripted(&[(Op::Complete, 1, Fault::DropBefore)]);
    world.add(file("video", 22 * MIB, &[]));
    world.run_while(|world| world.network.count(Op::Complete) == 0);
    for parts in world.bucket.parts.values_mut() {
        parts.remove(&3);
    }
    world.run();
    world.assert_all_stored();
    assert_eq!((world.network.count(Op::Put), world.bucket.overwritten), (6, 0));
}

#[test]
fn a_service_that_misses_bytes_for_ever_is_not_believed_for_ever() {
    let mut world = scripted(&[]);
    world.add(file("photo", 30 * KIB, &[]));
    world.run_while(|world| {
        let lost: Vec<_> = world.bucket.objects.keys().cloned().collect();
        lost.is_empty()
    });
    // From now on whatever is stored vanishes before the service looks.
    for _ in 0..1_000 {
        world.bucket.objects.clear();
        if world.engine.is_idle() {
            break;
        }
        let at_ms = world.now_ms + 40;
        world.run_until(at_ms);
    }
    assert_eq!(world.outcome("photo"), Err(FailureCode::Service(ErrorCode::BytesMissing)));
}

#[test]
fn f33_a_record_the_service_forgot_is_announced_anew_under_its_name() {
    for (op, nth) in [(Op::Sign, 2), (Op::Complete, 1)] {
        let mut world = scripted(&[(op, nth, Fault::NotFound)]);
        world.add(file("video", 60 * MIB, &[]));
        world.run();
        world.assert_all_stored();
        let names: Vec<_> = world.service.by_ref.keys().map(|name| name.as_str()).collect();
        assert_eq!(names, ["video"], "a reload must find the photo by the name it knows");
    }
}

#[test]
fn f33_a_record_that_was_closed_under_us_is_announced_under_another_name_and_found_after_a_reload() {
    for (op, nth) in [(Op::Sign, 2), (Op::Complete, 1)] {
        let mut world = scripted(&[(op, nth, Fault::Expired), (Op::Complete, 1, Fault::DropAfter)]);
        world.add(file("video", 16 * MIB, &[]));
        world.run_while(|world| !world.service.uploads.values().any(|u| u.status == UploadStatus::Uploaded));
        let arrived = world.bucket.arrived_bytes;
        world.events.clear();
        world.reload(EngineConfig::new("p".parse().unwrap(), 9));
        world.run();
        assert_eq!(world.outcome("video"), Ok(()));
        assert_eq!(world.service.uploads.len(), 2, "the closed one and the photo");
        assert_eq!(world.bucket.arrived_bytes, arrived, "nothing is sent again");
    }
}

#[test]
fn f33_a_photo_the_service_forgot_after_all_was_stored_is_sent_anew_with_its_smaller_pictures() {
    let mut world = scripted(&[(Op::Complete, 1, Fault::DropAfter), (Op::Complete, 2, Fault::NotFound)]);
    world.add(file("photo", 300 * KIB, &[10 * KIB, 20 * KIB]));
    world.run_while(|world| !world.service.uploads.values().any(|u| u.status == UploadStatus::Uploaded));
    world.reload(EngineConfig::new("p".parse().unwrap(), 9));
    world.run();
    world.assert_all_stored();
}

#[test]
fn f37_what_is_there_already_after_a_lost_answer_is_looked_at_and_not_refused() {
    let mut world =
        scripted(&[(Op::Put, 1, Fault::DropAfter), (Op::Put, 2, Fault::Taken), (Op::Put, 3, Fault::Taken)]);
    world.add(file("photo", 30 * KIB, &[10 * KIB]));
    world.run();
    world.assert_all_stored();
    assert_eq!(
        (world.network.count(Op::Put), world.bucket.overwritten),
        (3, 0),
        "the store kept what it had"
    );
}

#[test]
fn f37_a_conflict_of_writers_is_tried_again() {
    let mut world = scripted(&[(Op::Put, 1, Fault::Status(409, None))]);
    world.add(file("photo", 30 * KIB, &[]));
    world.run();
    world.assert_all_stored();
    assert_eq!(world.network.count(Op::Put), 2);
}

#[test]
fn one_bad_file_does_not_refuse_the_others() {
    let mut world = World::new(1, Network::good());
    let mut bad = file("song", 30 * KIB, &[]);
    bad.upload.content_type = "audio/mpeg".to_owned();
    world.add(file("photo-1", 30 * KIB, &[]));
    world.add(bad);
    world.add(file("photo-2", 30 * KIB, &[]));
    world.run();
    assert_eq!(world.outcome("song"), Err(FailureCode::Service(ErrorCode::TypeNotAllowed)));
    assert_eq!((world.outcome("photo-1"), world.outcome("photo-2")), (Ok(()), Ok(())));
    world.assert_invariants();
}

#[test]
fn a_batch_refused_as_a_whole_is_announced_one_by_one() {
    let mut world = scripted(&[(Op::Create, 1, Fault::Status(400, None))]);
    for index in 0..5 {
        world.add(file(&format!("photo-{index}"), 30 * KIB, &[]));
    }
    world.run();
    world.assert_all_stored();
    assert_eq!(world.network.count(Op::Create), 6);
}

#[test]
fn cancelling_removes_what_was_stored() {
    let mut world = World::new(1, Network::good());
    world.add(file("video", 30 * MIB, &[]));
    world.run_while(|world| world.bucket.parts.values().all(|parts| parts.is_empty()));
    world.feed(Input::Cancel(Target::One(reference("video"))));
    assert!(matches!(world.events.last(), Some((_, UploadEvent::Cancelled { .. }))));
    world.run();
    world.assert_invariants();
    assert!(world.service.uploads.values().all(|record| record.status == UploadStatus::Aborted));
}

#[test]
fn cancelling_while_it_is_announced_leaves_nothing_behind() {
    let mut world = World::new(1, Network::good());
    world.add(file("photo", 30 * KIB, &[]));
    world.run_while(|world| world.network.count(Op::Create) == 0);
    world.feed(Input::Cancel(Target::All));
    world.run_until(5_000);
    world.assert_invariants();
    assert!(world.service.uploads.values().all(|record| record.status == UploadStatus::Aborted));
}

#[test]
fn a_file_given_up_before_can_be_sent_again_under_its_name() {
    let mut world = World::new(1, Network::good());
    world.add(file("photo", 3 * MIB, &[]));
    world.run_while(|world| world.network.count(Op::Put) == 0);
    world.feed(Input::Cancel(Target::All));
    world.run();
    world.events.clear();
    world.added.clear();
    world.add(file("photo", 3 * MIB, &[]));
    world.run();
    assert_eq!(world.outcome("photo"), Ok(()));
}

#[test]
fn a_file_that_is_chosen_again_before_its_upload_could_be_closed_goes_on_with_it() {
    let mut world = World::new(1, Network::good());
    world.add(file("video", 30 * MIB, &[]));
    world.run_while(|world| world.network.count(Op::Put) == 0);
    world.network.script.push((Op::Abort, 1, Fault::Refused(ErrorCode::Unavailable)));
    world.feed(Input::Cancel(Target::All));
    world.events.clear();
    world.added.clear();
    world.add(file("video", 30 * MIB, &[]));
    world.run();
    assert_eq!(world.outcome("video"), Ok(()));
    assert_eq!((world.network.count(Op::Abort), world.service.uploads.len()), (1, 1));
}

#[test]
fn a_pause_stops_at_once_and_resuming_sends_only_what_is_missing() {
    let mut world = World::new(1, Network::good());
    world.add(file("video", 30 * MIB, &[]));
    world.run_while(|world| world.bucket.parts.values().all(|parts| parts.len() < 2));
    world.feed(Input::Pause(Target::All));
    let puts = world.network.count(Op::Put);
    assert_eq!(world.phases("video").last().map(|(_, phase)| *phase), Some(UploadPhase::Paused));
    let at_ms = world.now_ms + 60_000;
    world.run_until(at_ms);
    assert_eq!(world.network.count(Op::Put), puts);
    world.feed(Input::Resume(Target::All));
    world.run();
    world.assert_all_stored();
    assert_eq!(world.bucket.overwritten, 0);
}

#[test]
fn small_pictures_of_all_photos_go_before_any_original() {
    use crate::simulated::bucket::Target as Stored;
    let mut world = World::new(1, Network::good());
    for index in 0..40 {
        world.add(file(&format!("photo-{index}"), 3 * MIB, &[10 * KIB, 100 * KIB]));
    }
    let stored = |world: &World| {
        let count =
            |f: fn(&Stored) -> bool| world.bucket.objects.keys().filter(|(_, target)| f(target)).count();
        (count(|t| matches!(t, Stored::Whole)), count(|t| matches!(t, Stored::Variant(_))))
    };
    world.run_while(|world| stored(world).0 == 0);
    assert_eq!(stored(&world).1, 80, "all smaller pictures are there before the first original");
    world.run();
    world.assert_all_stored();
}

#[test]
fn the_phases_of_a_smooth_upload_are_told_once_each() {
    let mut world = World::new(1, Network::good());
    for index in 0..6 {
        world.add(file(&format!("photo-{index}"), 2 * MIB, &[10 * KIB, 100 * KIB]));
    }
    world.run();
    world.assert_all_stored();
    for index in 0..6 {
        let phases: Vec<_> =
            world.phases(&format!("photo-{index}")).into_iter().map(|(_, phase)| phase).collect();
        assert_eq!(phases, [UploadPhase::Queued, UploadPhase::Uploading, UploadPhase::Checking]);
    }
}

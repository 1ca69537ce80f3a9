//! Many uploads over a line on which five requests of a hundred fail, bytes flip, answers are lost and
//! requests arrive twice: none is lost, none corrupt, none there twice.

use std::collections::{HashMap, HashSet};

use windlass_core::upload::UploadEvent;
use windlass_protocol::{ClientRef, UploadStatus};

use crate::simulated::World;
use crate::simulated::bucket::Target;
use crate::simulated::files::file;
use crate::simulated::network::{Chances, Network};

/// Issue 4's number.
const UPLOADS: usize = 10_000;
/// So many are in the queue at a time, as a crew chooses them.
const QUEUED: usize = 60;

#[test]
fn ten_thousand_uploads_are_stored_once_and_right_whatever_the_line_does() {
    let mut network = Network::good();
    network.chances = Chances {
        drop_before: 1,
        drop_after: 1,
        error: 1,
        flip: 1,
        reset: 1,
        duplicate: 1,
        ..Chances::default()
    };
    let mut world = World::new(11, network);
    let mut ended: HashMap<ClientRef, Result<windlass_protocol::UploadId, String>> = HashMap::new();
    let mut added = 0;
    while ended.len() < UPLOADS {
        while added < UPLOADS && added - ended.len() < QUEUED {
            let variants: &[usize] = if added % 4 == 0 { &[300] } else { &[] };
            world.add(file(&format!("photo-{added}"), 3_000 + 61 * (added % 97), variants));
            added += 1;
        }
        world.run_while(|world| !world.events.iter().any(|(_, event)| ends(event)));
        world.arrived_at.clear();
        for (_, event) in world.events.drain(..) {
            let (client_ref, end) = match event {
                UploadEvent::Stored { client_ref, photo, .. } => (client_ref, Ok(photo.photo_id.into())),
                UploadEvent::Failed { client_ref, error } => (client_ref, Err(error.message)),
                UploadEvent::Cancelled { client_ref } => (client_ref, Err("cancelled".to_owned())),
                UploadEvent::Phase { .. } | UploadEvent::Progress { .. } => continue,
            };
            assert_eq!(ended.insert(client_ref, end), None, "each ends once");
        }
    }
    world.run();
    let mut photos = HashSet::new();
    for file in &world.added {
        let client_ref = &file.upload.client_ref;
        let id = *ended[client_ref].as_ref().unwrap_or_else(|why| panic!("{client_ref} is lost: {why}"));
        assert!(photos.insert(id), "{client_ref} shares a photo");
        assert!(world.bucket.objects[&(id, Target::Whole)] == *file.original, "{client_ref} is corrupt");
    }
    let finished = world.service.uploads.values().filter(|record| record.status == UploadStatus::Uploaded);
    assert_eq!(finished.count(), UPLOADS, "none is there twice");
    assert!(world.waste() <= 1.05, "waste {}", world.waste());
}

fn ends(event: &UploadEvent) -> bool {
    !matches!(event, UploadEvent::Phase { .. } | UploadEvent::Progress { .. })
}

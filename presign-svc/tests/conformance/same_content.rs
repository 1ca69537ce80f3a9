//! The laws of finding photos by their content.

use windlass_presign_svc::domain::upload::{Progress, Stage, Upload, UploadState, VerifiedObject};
use windlass_presign_svc::ports::uploads::{Content, Owner};
use windlass_protocol::Checksum;

use crate::uploads::{HOUR, NOON, Repository, object, record, upload};

/// A photo with these bytes, recorded.
async fn stored(repository: &Repository, client_ref: &str, sum: u8, size_bytes: u64) -> Upload {
    let mut photo = upload(client_ref);
    let object = VerifiedObject { checksum: Some(crc64(sum)), size_bytes, ..object() };
    photo.verified(object, photo.progress().variants.clone(), NOON).unwrap();
    record(repository, &photo).await;
    photo
}

fn crc64(sum: u8) -> Checksum {
    Checksum::Crc64Nvme([sum; 8])
}

fn content(client_ref: &str, sum: u8, size_bytes: u64) -> Content {
    Content { size_bytes, checksum: crc64(sum), client_ref: client_ref.parse().unwrap() }
}

async fn found(repository: &Repository, whose: [&str; 3], asked: &[Content]) -> Vec<Option<Upload>> {
    let [tenant, project, subject] = whose;
    let (tenant, project) = (tenant.parse().unwrap(), project.parse().unwrap());
    let owner = Owner { tenant: &tenant, project: &project, subject };
    repository.find_same(&owner, asked).await.unwrap()
}

const ANN: [&str; 3] = ["acme", "job-7", "ann"];

pub async fn the_newest_photo_with_the_same_bytes_is_found_and_no_other(repository: Repository) {
    stored(&repository, "first", 1, 4096).await;
    let newest = stored(&repository, "second", 1, 4096).await;
    let longer = stored(&repository, "longer", 1, 5000).await;
    let other = stored(&repository, "other", 2, 4096).await;
    record(&repository, &upload("pending")).await;
    let asked = [
        content("a", 2, 4096),
        content("b", 1, 4096),
        content("c", 7, 4096),
        content("d", 1, 5000),
        content("e", 1, 4097),
        content("second", 1, 4096),
        content("f", 1, 4096),
    ];
    let expected = [Some(other), Some(newest.clone()), None, Some(longer), None, None, Some(newest)];
    assert_eq!(found(&repository, ANN, &asked).await, expected);
    assert_eq!(found(&repository, ANN, &[]).await, []);
    for whose in [["acme", "job-7", "bob"], ["acme", "job-8", "ann"], ["other", "job-7", "ann"]] {
        assert_eq!(found(&repository, whose, &[content("a", 1, 4096)]).await, [None], "{whose:?}");
    }
}

pub async fn a_photo_that_is_gone_or_dangerous_is_not_found_by_its_bytes(repository: Repository) {
    let asked = [content("a", 1, 4096)];
    let mut photo = stored(&repository, "photo", 1, 4096).await;
    assert_eq!(found(&repository, ANN, &asked).await, [Some(photo.clone())]);
    photo.delete(NOON + HOUR, HOUR);
    repository.save(&mut photo).await.unwrap();
    assert_eq!(found(&repository, ANN, &asked).await, [None]);

    let dangerous = upload("dangerous");
    let object = Box::new(VerifiedObject { checksum: Some(crc64(1)), ..object() });
    let state = UploadState::Stored { stage: Stage::Quarantined, object };
    let progress = Progress { state, ..dangerous.progress().clone() };
    record(&repository, &Upload::restore(dangerous.facts().clone(), progress)).await;
    assert_eq!(found(&repository, ANN, &asked).await, [None]);
}

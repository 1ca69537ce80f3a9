//! Records that cannot be read: the job that compares record and bucket goes on behind them, and takes none for an
//! upload that is not recorded.

use std::sync::Arc;

use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};
use windlass_presign_svc::adapters::postgres::PostgresDatabase;
use windlass_presign_svc::adapters::sqlite::SqliteDatabase;
use windlass_presign_svc::domain::upload::Upload;
use windlass_presign_svc::ports::uploads::{FoundRecords, Look, PhotoPlace, PhotosInOrder};
use windlass_protocol::UploadId;

use crate::uploads::{HOUR, NOON, Repository, photo, record, upload};

const SPOIL: &str = "UPDATE uploads SET variants = 'unreadable' WHERE client_ref IN ('second', 'pending')";

fn ids(uploads: &[Upload]) -> Vec<UploadId> {
    uploads.iter().map(Upload::id).collect()
}

/// Three photos, and one on its way; then the second photo and what is on its way are spoilt.
async fn law(repository: Repository, spoil: impl AsyncFnOnce()) {
    let (first, second, third) = (photo("first"), photo("second"), photo("third"));
    let mut pending = upload("pending");
    for upload in [&first, &second, &third, &pending] {
        record(&repository, upload).await;
    }
    pending.staged_in(131_072, NOON).unwrap();
    pending.assembly_is_due(NOON, NOON).unwrap();
    repository.save(&mut pending).await.unwrap();
    spoil().await;
    let place = |id: UploadId| PhotoPlace {
        tenant: "acme".to_owned(),
        project: "job-7".to_owned(),
        id: id.to_string(),
    };

    let page = repository.photos_after(None, 2).await.unwrap();
    let at_second = place(second.id());
    let expected = PhotosInOrder {
        photos: vec![first.clone()],
        unreadable: vec![at_second.clone()],
        last: Some(at_second.clone()),
    };
    assert_eq!(page, expected, "the next page begins after one that cannot be read");
    let at_third = place(third.id());
    let expected =
        PhotosInOrder { photos: vec![third], unreadable: Vec::new(), last: Some(at_third.clone()) };
    assert_eq!(repository.photos_after(Some(&at_second), 2).await.unwrap(), expected);
    assert_eq!(repository.photos_after(Some(&at_third), 2).await.unwrap(), PhotosInOrder::default());

    let unknown = upload("unknown").id();
    let asked = [first.id(), second.id(), pending.id(), unknown];
    let FoundRecords { uploads, mut unreadable } = repository.find_recorded(&asked).await.unwrap();
    assert_eq!(uploads, [first]);
    unreadable.sort_unstable();
    assert_eq!(unreadable, [second.id(), pending.id()], "they are recorded");

    // Those that wait behind it in either queue: all that were asked for, however little of a batch can be read.
    let mut behind = [upload("behind"), upload("last")];
    let (both, later) = (behind.each_ref().map(Upload::id), NOON + 2 * HOUR);
    for (upload, minutes) in behind.iter().zip(0..) {
        record(&repository, upload).await;
        let next_at = NOON + HOUR + minutes * HOUR / 60;
        let look = Look { upload: upload.id(), due_at: upload.look_due_at(), next_at };
        assert_eq!(repository.put_off_looks(&[look]).await.unwrap(), [upload.id()]);
    }
    assert_eq!(ids(&repository.due_for_look(later, 1).await.unwrap()), both[..1]);
    assert_eq!(ids(&repository.due_for_look(later, 2).await.unwrap()), both);
    for (upload, minutes) in behind.iter_mut().zip(0..) {
        upload.staged_in(131_072, NOON).unwrap();
        upload.assembly_is_due(NOON + HOUR + minutes * HOUR / 60, NOON).unwrap();
        repository.save(upload).await.unwrap();
    }
    assert_eq!(ids(&repository.due_for_assembly(later, 1).await.unwrap()), both[..1]);
    assert_eq!(ids(&repository.due_for_assembly(later, 2).await.unwrap()), both);
    for upload in &mut behind {
        upload.abort(NOON, HOUR).unwrap();
        repository.save(upload).await.unwrap();
    }

    let deadline = NOON + 24 * HOUR;
    let due = FoundRecords { uploads: Vec::new(), unreadable: vec![pending.id()] };
    assert_eq!(repository.past_deadline(deadline, 10).await.unwrap(), due);
    repository.put_off_due(&[pending.id()], deadline + HOUR).await.unwrap();
    assert_eq!(repository.past_deadline(deadline, 10).await.unwrap(), FoundRecords::default());
    assert_eq!(repository.past_deadline(deadline + HOUR, 10).await.unwrap(), due);
}

#[tokio::test]
async fn in_sqlite_a_record_that_cannot_be_read_is_named_and_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("laws.sqlite");
    let database = SqliteDatabase::open(&path).await.unwrap();
    let spoil = async || {
        let mut raw = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
        raw.execute(SPOIL).await.unwrap();
    };
    law(Arc::new(database), spoil).await;
}

#[tokio::test]
async fn in_postgres_a_record_that_cannot_be_read_is_named_and_ends_nothing() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let database = PostgresDatabase::connect(&url, 4).await.unwrap();
    let spoil = async || {
        PgConnection::connect(&url).await.unwrap().execute(SPOIL).await.unwrap();
    };
    law(Arc::new(database), spoil).await;
}

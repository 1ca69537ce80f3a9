//! The laws of what is to be put together from small pieces.

use crate::uploads::{HOUR, NOON, Repository, object, record, upload, upload_of};

pub async fn what_is_to_be_put_together_is_found_when_it_is_due(repository: Repository) {
    let (mut first, mut second, other) = (upload("first"), upload("second"), upload("other"));
    for new in [&first, &second, &other] {
        record(&repository, new).await;
    }
    for (upload, at) in [(&mut second, NOON + HOUR), (&mut first, NOON)] {
        upload.staged_in(131_072, NOON).unwrap();
        upload.assembly_is_due(at, NOON).unwrap();
        repository.save(upload).await.unwrap();
    }
    assert_eq!(repository.due_for_assembly(NOON - HOUR, 10).await.unwrap(), []);
    assert_eq!(repository.due_for_assembly(NOON, 10).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(repository.due_for_assembly(NOON + HOUR, 10).await.unwrap(), [first.clone(), second.clone()]);
    first.verified(object(), Vec::new(), NOON).unwrap();
    second.abort(NOON, HOUR).unwrap();
    for upload in [&mut first, &mut second] {
        repository.save(upload).await.unwrap();
    }
    assert_eq!(repository.due_for_assembly(NOON + 2 * HOUR, 10).await.unwrap(), []);
}

pub async fn what_is_to_be_put_together_is_found_of_each_tenant_in_turn(repository: Repository) {
    let tenants = ["acme", "acme", "acme", "other"];
    let mut due = tenants.map(|tenant| upload_of(tenant, "job-7", None, 4096));
    for (upload, minutes) in due.iter_mut().zip(0..) {
        record(&repository, upload).await;
        upload.staged_in(131_072, NOON).unwrap();
        upload.assembly_is_due(NOON + minutes * HOUR / 60, NOON).unwrap();
        repository.save(upload).await.unwrap();
    }
    let found = repository.due_for_assembly(NOON + HOUR, 10).await.unwrap();
    assert_eq!(found, [0, 3, 1, 2].map(|place| due[place].clone()));
    assert_eq!(repository.due_for_assembly(NOON + HOUR, 2).await.unwrap(), found[..2]);
}

//! The laws of [`UploadLinkRepository`].

use std::time::Duration;

use windlass_presign_svc::domain::upload_link::{SecretHash, UploadLink};
use windlass_presign_svc::ports::upload_links::UploadLinkRepository;
use windlass_presign_svc::ports::uploads::UploadRepository;

use crate::quotas::{by_link, link_id};
use crate::uploads::{NOON, object, upload};

fn link() -> UploadLink {
    UploadLink {
        id: link_id(),
        tenant: "acme".parse().unwrap(),
        project: "job-7".parse().unwrap(),
        label: Some("Frau Kraus'; DROP TABLE upload_links; --".to_owned()),
        created_by: "ann".to_owned(),
        max_files: 10,
        max_bytes: 1 << 40,
        created_at: NOON,
        expires_at: NOON + Duration::from_secs(60),
        revoked_at: None,
    }
}

pub async fn a_link_is_found_by_its_secret_listed_with_its_usage_and_ended_once<R>(repository: R)
where
    R: UploadLinkRepository + UploadRepository,
{
    let (link, secret) = (link(), SecretHash([7; 32]));
    UploadLinkRepository::insert(&repository, &link, secret).await.unwrap();
    assert_eq!(repository.find_by_secret(secret).await.unwrap(), Some(link.clone()));
    assert_eq!(repository.find_by_secret(SecretHash([8; 32])).await.unwrap(), None);
    let (tenant, project) = (&link.tenant, &link.project);
    let unlimited = Default::default();
    UploadRepository::insert(&repository, vec![by_link("a")], &unlimited).await.unwrap();
    let listed = repository.list(tenant, project, 10).await.unwrap();
    assert_eq!((listed.len(), &listed[0].0, listed[0].1.files()), (1, &link, 1));
    let other = "other".parse().unwrap();
    assert_eq!(repository.list(&other, project, 10).await.unwrap(), []);
    assert!(!repository.revoke(&other, project, link.id, NOON).await.unwrap());
    for later in [0, 9] {
        let now = NOON + Duration::from_secs(later);
        assert!(repository.revoke(tenant, project, link.id, now).await.unwrap());
        let ended = repository.find_by_secret(secret).await.unwrap().unwrap();
        assert_eq!(ended.revoked_at, Some(NOON), "the first end counts");
    }
}

pub async fn what_a_link_has_open_is_known_and_whether_it_was_revoked<R>(repository: R)
where
    R: UploadLinkRepository + UploadRepository,
{
    let link = link();
    let (tenant, project, id) = (&link.tenant, &link.project, link.id);
    UploadLinkRepository::insert(&repository, &link, SecretHash([7; 32])).await.unwrap();
    let (open, mut closed, mut stored) = (by_link("a"), by_link("b"), by_link("c"));
    let not_its_own = upload("d");
    let all = vec![open.clone(), closed.clone(), stored.clone(), not_its_own];
    UploadRepository::insert(&repository, all, &Default::default()).await.unwrap();
    closed.abort(NOON, Duration::ZERO).unwrap();
    repository.save(&mut closed).await.unwrap();
    stored.verified(object(), Vec::new(), NOON).unwrap();
    repository.save(&mut stored).await.unwrap();
    assert_eq!(repository.open_uploads(tenant, project, id).await.unwrap(), [open.id()]);
    let (other, elsewhere) = ("other".parse().unwrap(), "job-8".parse().unwrap());
    let another = "0192f0c1-2c5d-7c1e-9f00-0123456789ff".parse().unwrap();
    assert_eq!(repository.open_uploads(&other, project, id).await.unwrap(), []);
    assert_eq!(repository.open_uploads(tenant, &elsewhere, id).await.unwrap(), []);
    assert_eq!(repository.open_uploads(tenant, project, another).await.unwrap(), []);
    assert!(!repository.is_revoked(tenant, id).await.unwrap());
    assert!(!repository.is_revoked(tenant, another).await.unwrap(), "nobody has ended what is not there");
    repository.revoke(tenant, project, id, NOON).await.unwrap();
    assert!(repository.is_revoked(tenant, id).await.unwrap());
    assert!(!repository.is_revoked(&other, id).await.unwrap());
}

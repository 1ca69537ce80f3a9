//! Where upload links are kept, with the hash of their secrets.

use async_trait::async_trait;
use time::OffsetDateTime;
use windlass_protocol::{ProjectId, TenantId, UploadId, UploadLinkId};

use super::uploads::RepositoryResult;
use crate::domain::quota::Usage;
use crate::domain::upload_link::{SecretHash, UploadLink};

/// All upload links. Every question carries the tenant, except the one whose answer says which it is.
#[async_trait]
pub trait UploadLinkRepository: Send + Sync + 'static {
    /// Keeps a new link.
    async fn insert(&self, link: &UploadLink, secret: SecretHash) -> RepositoryResult<()>;

    /// The link of a secret, open or not.
    async fn find_by_secret(&self, secret: SecretHash) -> RepositoryResult<Option<UploadLink>>;

    /// Whether somebody has ended a tenant's link. One that is not known was not.
    async fn is_revoked(&self, tenant: &TenantId, id: UploadLinkId) -> RepositoryResult<bool>;

    /// The uploads that a project's link has announced and that wait for their bytes, in no order.
    async fn open_uploads(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        id: UploadLinkId,
    ) -> RepositoryResult<Vec<UploadId>>;

    /// A project's links, newest first, with what has come through each.
    async fn list(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        limit: u32,
    ) -> RepositoryResult<Vec<(UploadLink, Usage)>>;

    /// Ends a link; one that has ended stays as it is. Whether there is such a link.
    async fn revoke(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        id: UploadLinkId,
        now: OffsetDateTime,
    ) -> RepositoryResult<bool>;
}

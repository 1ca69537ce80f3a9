//! Somebody else who knows which projects a person works on.

use async_trait::async_trait;
use windlass_protocol::{ProjectId, TenantId};

use super::key_source::FetchError;

/// A company's own system that is asked.
#[async_trait]
pub trait ProjectCheck: Send + Sync + 'static {
    /// Whether this subject of a tenant may touch a project.
    async fn may_touch(
        &self,
        tenant: &TenantId,
        subject: &str,
        project: &ProjectId,
    ) -> Result<bool, FetchError>;
}

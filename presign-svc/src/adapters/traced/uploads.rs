//! The record of uploads, with a span of each question.

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;
use windlass_protocol::list_photos::PhotoTotals;
use windlass_protocol::{ProjectId, TenantId, UploadId, UploadLinkId};

use super::Traced;
use crate::domain::quota::{Allowance, InUse};
use crate::domain::upload::Upload;
use crate::ports::uploads::{
    Content, FoundRecords, KnownPhotos, Look, Owner, PhotoPage, PhotoPlace, PhotoQuery, PhotosInOrder,
    Recorded, RepositoryResult, UploadRepository,
};

impl Traced<dyn UploadRepository> {
    async fn ask<T>(
        &self,
        name: &'static str,
        answer: impl Future<Output = RepositoryResult<T>> + Send,
    ) -> RepositoryResult<T> {
        self.traces.step(name, self.system, answer).await
    }
}

#[async_trait]
impl UploadRepository for Traced<dyn UploadRepository> {
    async fn insert(&self, uploads: Vec<Upload>, allowance: &Allowance) -> RepositoryResult<Vec<Recorded>> {
        self.ask("record insert", self.inner.insert(uploads, allowance)).await
    }

    async fn in_use(&self, tenant: &TenantId, link: Option<UploadLinkId>) -> RepositoryResult<InUse> {
        self.ask("record in_use", self.inner.in_use(tenant, link)).await
    }

    async fn find(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<Option<Upload>> {
        self.ask("record find", self.inner.find(tenant, id)).await
    }

    async fn find_many(&self, tenant: &TenantId, ids: &[UploadId]) -> RepositoryResult<Vec<Upload>> {
        self.ask("record find_many", self.inner.find_many(tenant, ids)).await
    }

    async fn find_same(&self, owner: &Owner<'_>, asked: &[Content]) -> RepositoryResult<Vec<Option<Upload>>> {
        self.ask("record find_same", self.inner.find_same(owner, asked)).await
    }

    async fn save(&self, upload: &mut Upload) -> RepositoryResult<()> {
        self.ask("record save", self.inner.save(upload)).await
    }

    async fn list_photos(
        &self,
        query: &PhotoQuery<'_>,
        known: &Arc<dyn KnownPhotos>,
    ) -> RepositoryResult<PhotoPage> {
        self.ask("record list_photos", self.inner.list_photos(query, known)).await
    }

    async fn photo_totals(&self, tenant: &TenantId, project: &ProjectId) -> RepositoryResult<PhotoTotals> {
        self.ask("record photo_totals", self.inner.photo_totals(tenant, project)).await
    }

    async fn past_deadline(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<FoundRecords> {
        self.inner.past_deadline(now, limit).await
    }

    async fn due_for_look(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>> {
        self.inner.due_for_look(now, limit).await
    }

    async fn put_off_looks(&self, looks: &[Look]) -> RepositoryResult<Vec<UploadId>> {
        self.inner.put_off_looks(looks).await
    }

    async fn due_for_cleanup(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<FoundRecords> {
        self.inner.due_for_cleanup(now, limit).await
    }

    async fn put_off_due(&self, ids: &[UploadId], until: OffsetDateTime) -> RepositoryResult<()> {
        self.inner.put_off_due(ids, until).await
    }

    async fn find_recorded(&self, ids: &[UploadId]) -> RepositoryResult<FoundRecords> {
        self.inner.find_recorded(ids).await
    }

    async fn photos_after(&self, after: Option<&PhotoPlace>, limit: u32) -> RepositoryResult<PhotosInOrder> {
        self.inner.photos_after(after, limit).await
    }

    async fn due_for_assembly(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>> {
        self.inner.due_for_assembly(now, limit).await
    }

    async fn forget(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<()> {
        self.ask("record forget", self.inner.forget(tenant, id)).await
    }

    async fn forget_closed_before(&self, time: OffsetDateTime, limit: u32) -> RepositoryResult<u64> {
        self.inner.forget_closed_before(time, limit).await
    }

    async fn check(&self) -> RepositoryResult<()> {
        self.ask("record check", self.inner.check()).await
    }
}

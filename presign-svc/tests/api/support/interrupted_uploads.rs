//! The real record, where a test can have something happen between two steps of a request, and changes fail.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::future::BoxFuture;
use time::OffsetDateTime;
use tokio::sync::watch;
use windlass_presign_svc::adapters::sqlite::SqliteDatabase;
use windlass_presign_svc::domain::quota::{Allowance, InUse};
use windlass_presign_svc::domain::upload::Upload;
use windlass_presign_svc::ports::uploads::*;
use windlass_protocol::list_photos::PhotoTotals;
use windlass_protocol::{ProjectId, TenantId, UploadId, UploadLinkId};

pub struct InterruptedUploads {
    /// How many uploads were asked for by their id, one by one.
    pub finds: watch::Sender<usize>,
    /// Uploads of which no change can be recorded.
    pub unsavable: Mutex<HashSet<UploadId>>,
    inner: SqliteDatabase,
    after_insert: Mutex<Option<BoxFuture<'static, ()>>>,
    after_save: Mutex<Option<BoxFuture<'static, ()>>>,
    after_past_deadline: Mutex<Option<BoxFuture<'static, ()>>>,
    after_due_for_cleanup: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl InterruptedUploads {
    pub fn around(inner: SqliteDatabase) -> Self {
        let finds = watch::Sender::new(0);
        let unsavable = Mutex::default();
        let (after_insert, after_save, after_past_deadline, after_due_for_cleanup) = Default::default();
        Self { finds, unsavable, inner, after_insert, after_save, after_past_deadline, after_due_for_cleanup }
    }

    /// The record of events beside it.
    pub fn events(&self) -> &SqliteDatabase {
        &self.inner
    }

    /// What happens once the next uploads are recorded, before their request goes on.
    pub fn after_next_insert(&self, interruption: impl Future<Output = ()> + Send + 'static) {
        *self.after_insert.lock().unwrap() = Some(Box::pin(interruption));
    }

    /// What happens once the next change is recorded, before whoever made it goes on.
    pub fn after_next_save(&self, interruption: impl Future<Output = ()> + Send + 'static) {
        *self.after_save.lock().unwrap() = Some(Box::pin(interruption));
    }

    /// What happens once the janitor knows which uploads are past their deadline, before it does anything.
    pub fn after_next_past_deadline(&self, interruption: impl Future<Output = ()> + Send + 'static) {
        *self.after_past_deadline.lock().unwrap() = Some(Box::pin(interruption));
    }

    /// The same once it knows what is to be cleaned up.
    pub fn after_next_due_for_cleanup(&self, interruption: impl Future<Output = ()> + Send + 'static) {
        *self.after_due_for_cleanup.lock().unwrap() = Some(Box::pin(interruption));
    }
}

#[async_trait]
impl UploadRepository for InterruptedUploads {
    async fn insert(&self, uploads: Vec<Upload>, allowance: &Allowance) -> RepositoryResult<Vec<Recorded>> {
        let recorded = self.inner.insert(uploads, allowance).await;
        let interruption = self.after_insert.lock().unwrap().take();
        if let Some(interruption) = interruption {
            interruption.await;
        }
        recorded
    }

    async fn in_use(&self, tenant: &TenantId, link: Option<UploadLinkId>) -> RepositoryResult<InUse> {
        self.inner.in_use(tenant, link).await
    }

    async fn find(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<Option<Upload>> {
        self.finds.send_modify(|finds| *finds += 1);
        self.inner.find(tenant, id).await
    }

    async fn find_same(&self, owner: &Owner<'_>, asked: &[Content]) -> RepositoryResult<Vec<Option<Upload>>> {
        self.inner.find_same(owner, asked).await
    }

    async fn save(&self, upload: &mut Upload) -> RepositoryResult<()> {
        if self.unsavable.lock().unwrap().contains(&upload.id()) {
            return Err(RepositoryError::Unavailable("a value that the database refuses".to_owned()));
        }
        let saved = self.inner.save(upload).await;
        let interruption = self.after_save.lock().unwrap().take();
        if let Some(interruption) = interruption {
            interruption.await;
        }
        saved
    }

    async fn list_photos(
        &self,
        query: &PhotoQuery<'_>,
        known: &Arc<dyn KnownPhotos>,
    ) -> RepositoryResult<PhotoPage> {
        self.inner.list_photos(query, known).await
    }

    async fn photo_totals(&self, tenant: &TenantId, project: &ProjectId) -> RepositoryResult<PhotoTotals> {
        self.inner.photo_totals(tenant, project).await
    }

    async fn find_many(&self, tenant: &TenantId, ids: &[UploadId]) -> RepositoryResult<Vec<Upload>> {
        self.inner.find_many(tenant, ids).await
    }

    async fn past_deadline(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<FoundRecords> {
        let due = self.inner.past_deadline(now, limit).await;
        let interruption = self.after_past_deadline.lock().unwrap().take();
        if let Some(interruption) = interruption {
            interruption.await;
        }
        due
    }

    async fn due_for_look(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>> {
        self.inner.due_for_look(now, limit).await
    }

    async fn put_off_looks(&self, looks: &[Look]) -> RepositoryResult<Vec<UploadId>> {
        self.inner.put_off_looks(looks).await
    }

    async fn due_for_cleanup(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<FoundRecords> {
        let due = self.inner.due_for_cleanup(now, limit).await;
        let interruption = self.after_due_for_cleanup.lock().unwrap().take();
        if let Some(interruption) = interruption {
            interruption.await;
        }
        due
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
        self.inner.forget(tenant, id).await
    }

    async fn forget_closed_before(&self, time: OffsetDateTime, limit: u32) -> RepositoryResult<u64> {
        self.inner.forget_closed_before(time, limit).await
    }

    async fn check(&self) -> RepositoryResult<()> {
        self.inner.check().await
    }
}

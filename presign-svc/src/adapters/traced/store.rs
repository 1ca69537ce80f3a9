//! The bucket, with a span of each request that is sent to it; what is only signed is sent by nobody.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use time::OffsetDateTime;

use super::Traced;
use crate::domain::object_key::ObjectKey;
use crate::ports::object_store::{
    BucketEntry, FormToSign, GetSigner, MultipartCompletion, MultipartId, MultipartMark, MultipartPage,
    ObjectInfo, ObjectPage, ObjectStore, PartToSign, PartToWrite, PutToSign, SignedForm, SignedRequest,
    SigningWindow, StoreResult, StoredPart,
};

impl Traced<dyn ObjectStore> {
    async fn ask<T>(
        &self,
        name: &'static str,
        answer: impl Future<Output = StoreResult<T>> + Send,
    ) -> StoreResult<T> {
        self.traces.step(name, self.system, answer).await
    }
}

#[async_trait]
impl ObjectStore for Traced<dyn ObjectStore> {
    async fn sign_put(&self, put: &PutToSign<'_>, window: SigningWindow) -> StoreResult<SignedRequest> {
        self.inner.sign_put(put, window).await
    }

    async fn sign_plain_put(
        &self,
        key: &ObjectKey,
        content_type: &str,
        window: SigningWindow,
    ) -> StoreResult<SignedRequest> {
        self.inner.sign_plain_put(key, content_type, window).await
    }

    async fn sign_form(&self, form: &FormToSign<'_>, window: SigningWindow) -> StoreResult<SignedForm> {
        self.inner.sign_form(form, window).await
    }

    async fn sign_parts(
        &self,
        key: &ObjectKey,
        multipart: &MultipartId,
        parts: &[PartToSign],
        window: SigningWindow,
    ) -> StoreResult<Vec<SignedRequest>> {
        self.inner.sign_parts(key, multipart, parts, window).await
    }

    async fn get_signer(&self, window: SigningWindow) -> StoreResult<Box<dyn GetSigner>> {
        self.inner.get_signer(window).await
    }

    fn object_url(&self, key: &ObjectKey) -> String {
        self.inner.object_url(key)
    }

    fn browser_origin(&self) -> String {
        self.inner.browser_origin()
    }

    fn reading_origin(&self) -> String {
        self.inner.reading_origin()
    }

    async fn create_multipart(&self, key: &ObjectKey, content_type: &str) -> StoreResult<MultipartId> {
        self.ask("bucket create_multipart", self.inner.create_multipart(key, content_type)).await
    }

    async fn list_parts(&self, key: &ObjectKey, multipart: &MultipartId) -> StoreResult<Vec<StoredPart>> {
        self.ask("bucket list_parts", self.inner.list_parts(key, multipart)).await
    }

    async fn complete_multipart(&self, completion: &MultipartCompletion<'_>) -> StoreResult<()> {
        self.ask("bucket complete_multipart", self.inner.complete_multipart(completion)).await
    }

    async fn abort_multipart(&self, key: &ObjectKey, multipart: &MultipartId) -> StoreResult<()> {
        self.ask("bucket abort_multipart", self.inner.abort_multipart(key, multipart)).await
    }

    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectInfo> {
        self.ask("bucket head", self.inner.head(key)).await
    }

    async fn read_range(&self, key: &ObjectKey, range: Range<u64>, etag: Option<&str>) -> StoreResult<Bytes> {
        self.ask("bucket read_range", self.inner.read_range(key, range, etag)).await
    }

    async fn list(&self, prefix: &str) -> StoreResult<Vec<BucketEntry>> {
        self.ask("bucket list", self.inner.list(prefix)).await
    }

    async fn put(&self, put: &PutToSign<'_>, bytes: Bytes) -> StoreResult<()> {
        self.ask("bucket put", self.inner.put(put, bytes)).await
    }

    async fn upload_part(&self, part: &PartToWrite<'_>, bytes: Bytes) -> StoreResult<()> {
        self.ask("bucket upload_part", self.inner.upload_part(part, bytes)).await
    }

    async fn copy_part(&self, part: &PartToWrite<'_>, source: &ObjectKey) -> StoreResult<()> {
        self.ask("bucket copy_part", self.inner.copy_part(part, source)).await
    }

    async fn delete(&self, key: &ObjectKey) -> StoreResult<()> {
        self.ask("bucket delete", self.inner.delete(key)).await
    }

    async fn list_objects(&self, prefix: &str, after: Option<&str>) -> StoreResult<ObjectPage> {
        self.ask("bucket list_objects", self.inner.list_objects(prefix, after)).await
    }

    async fn list_multiparts(
        &self,
        prefix: &str,
        after: Option<&MultipartMark>,
    ) -> StoreResult<MultipartPage> {
        self.ask("bucket list_multiparts", self.inner.list_multiparts(prefix, after)).await
    }

    async fn check(&self) -> StoreResult<()> {
        self.ask("bucket check", self.inner.check()).await
    }

    fn time(&self) -> Option<OffsetDateTime> {
        self.inner.time()
    }
}

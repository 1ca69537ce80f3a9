//! A bucket in Amazon S3, or in a store that speaks its protocol.
//!
//! URLs for others are signed here by [`windlass_signing`], without a word to the store. What the
//! service asks the store itself goes through Amazon's own client: it knows the protocol's corners.
//! Both draw their credentials from the same place.

mod answer_limit;
mod checksum;
mod client;
mod clock;
mod error;
mod lifecycle;
mod listing;
mod multipart;
mod objects;
mod settings;
mod sign;
mod signer_source;
mod write;

#[cfg(test)]
mod answer_tests;
#[cfg(test)]
mod chain_tests;
#[cfg(test)]
mod scripted_store;
#[cfg(test)]
mod signer_tests;

use std::ops::Range;

use async_trait::async_trait;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::Client;
use bytes::Bytes;
use time::OffsetDateTime;

use crate::domain::object_key::ObjectKey;
use crate::failpoints;
use crate::ports::object_store::{
    FormToSign, GetSigner, MultipartCompletion, MultipartId, MultipartMark, MultipartPage, ObjectInfo,
    ObjectPage, ObjectStore, PartToSign, PartToWrite, PutToSign, SignedForm, SignedRequest, SigningWindow,
    StoreResult, StoredPart,
};
use clock::StoreClock;
pub(crate) use clock::read_http_date;
pub use lifecycle::ClearedAfter;
pub use settings::{CredentialsFrom, S3Settings, S3SettingsError};
use signer_source::SignerSource;

/// A bucket behind the S3 protocol.
pub struct S3Store {
    client: Client,
    bucket: String,
    signers: SignerSource,
    clock: StoreClock,
    /// For those who fetch, where they are sent elsewhere than those who bring.
    readers: Option<SignerSource>,
}

impl S3Store {
    /// A store as the settings describe it. Nothing is asked of the store yet, and credentials are
    /// fetched when they are first needed.
    pub async fn connect(settings: &S3Settings) -> Result<Self, S3SettingsError> {
        let (region, credentials) = client::region_and_credentials(settings, client::default_chain).await?;
        Self::with_provider(settings, &region, credentials)
    }

    /// The bucket's region, from wherever it is known.
    pub fn region(&self) -> &str {
        self.signers.endpoint().region()
    }

    /// What the bucket itself clears away, where photos' keys begin with `photos`.
    ///
    /// # Errors
    /// [`StoreError`](crate::ports::object_store::StoreError): the bucket does not say.
    pub async fn cleared_after(&self, photos: &str) -> StoreResult<ClearedAfter> {
        lifecycle::cleared_after(&self.client, &self.bucket, photos).await
    }

    fn with_provider(
        settings: &S3Settings,
        region: &str,
        credentials: SharedCredentialsProvider,
    ) -> Result<Self, S3SettingsError> {
        let endpoint = settings.signing_endpoint(region)?;
        let clock = StoreClock::default();
        let reading = settings.reading_endpoint(region)?;
        Ok(Self {
            client: client::connect(settings, region, credentials.clone(), clock.clone()),
            bucket: settings.bucket.clone(),
            readers: reading.map(|endpoint| SignerSource::new(endpoint, credentials.clone())),
            signers: SignerSource::new(endpoint, credentials),
            clock,
        })
    }
}

/// Each operation is in the room of its kind; this is the table of contents.
#[async_trait]
impl ObjectStore for S3Store {
    async fn sign_put(&self, put: &PutToSign<'_>, window: SigningWindow) -> StoreResult<SignedRequest> {
        sign::put(&self.signers, put, window).await
    }

    async fn sign_plain_put(
        &self,
        key: &ObjectKey,
        content_type: &str,
        window: SigningWindow,
    ) -> StoreResult<SignedRequest> {
        sign::plain_put(&self.signers, key, content_type, window).await
    }

    async fn sign_form(&self, form: &FormToSign<'_>, window: SigningWindow) -> StoreResult<SignedForm> {
        sign::form(&self.signers, form, window).await
    }

    async fn sign_parts(
        &self,
        key: &ObjectKey,
        multipart: &MultipartId,
        parts: &[PartToSign],
        window: SigningWindow,
    ) -> StoreResult<Vec<SignedRequest>> {
        sign::parts(&self.signers, key, multipart, parts, window).await
    }

    async fn get_signer(&self, window: SigningWindow) -> StoreResult<Box<dyn GetSigner>> {
        sign::get_signer(self.readers.as_ref().unwrap_or(&self.signers), window).await
    }

    fn object_url(&self, key: &ObjectKey) -> String {
        self.readers.as_ref().unwrap_or(&self.signers).endpoint().object_url(key.as_str())
    }

    fn reading_origin(&self) -> String {
        self.readers.as_ref().unwrap_or(&self.signers).endpoint().origin().to_owned()
    }

    fn browser_origin(&self) -> String {
        self.signers.endpoint().origin().to_owned()
    }

    async fn create_multipart(&self, key: &ObjectKey, content_type: &str) -> StoreResult<MultipartId> {
        failpoints::reach("create_multipart::before");
        let outcome = multipart::create(&self.client, &self.bucket, key, content_type).await;
        failpoints::reach("create_multipart::after");
        outcome
    }

    async fn list_parts(&self, key: &ObjectKey, multipart: &MultipartId) -> StoreResult<Vec<StoredPart>> {
        multipart::list_parts(&self.client, &self.bucket, key, multipart).await
    }

    async fn complete_multipart(&self, completion: &MultipartCompletion<'_>) -> StoreResult<()> {
        failpoints::reach("complete_multipart::before");
        let outcome = multipart::complete(&self.client, &self.bucket, completion).await;
        failpoints::reach("complete_multipart::after");
        outcome
    }

    async fn abort_multipart(&self, key: &ObjectKey, multipart: &MultipartId) -> StoreResult<()> {
        failpoints::reach("abort_multipart::before");
        let outcome = multipart::abort(&self.client, &self.bucket, key, multipart).await;
        failpoints::reach("abort_multipart::after");
        outcome
    }

    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectInfo> {
        objects::head(&self.client, &self.bucket, key).await
    }

    async fn read_range(&self, key: &ObjectKey, range: Range<u64>, etag: Option<&str>) -> StoreResult<Bytes> {
        objects::read_range(&self.client, &self.bucket, key, range, etag).await
    }

    async fn put(&self, put: &PutToSign<'_>, bytes: Bytes) -> StoreResult<()> {
        failpoints::reach("put::before");
        let outcome = write::object(&self.client, &self.bucket, put, bytes).await;
        failpoints::reach("put::after");
        outcome
    }

    async fn upload_part(&self, part: &PartToWrite<'_>, bytes: Bytes) -> StoreResult<()> {
        failpoints::reach("upload_part::before");
        let outcome = write::part(&self.client, &self.bucket, part, bytes).await;
        failpoints::reach("upload_part::after");
        outcome
    }

    async fn copy_part(&self, part: &PartToWrite<'_>, source: &ObjectKey) -> StoreResult<()> {
        failpoints::reach("copy_part::before");
        let outcome = write::copy(&self.client, &self.bucket, part, source).await;
        failpoints::reach("copy_part::after");
        outcome
    }

    async fn delete(&self, key: &ObjectKey) -> StoreResult<()> {
        failpoints::reach("delete::before");
        let outcome = objects::delete(&self.client, &self.bucket, key).await;
        failpoints::reach("delete::after");
        outcome
    }

    async fn list_objects(&self, prefix: &str, after: Option<&str>) -> StoreResult<ObjectPage> {
        listing::objects(&self.client, &self.bucket, prefix, after).await
    }

    async fn list_multiparts(
        &self,
        prefix: &str,
        after: Option<&MultipartMark>,
    ) -> StoreResult<MultipartPage> {
        listing::multiparts(&self.client, &self.bucket, prefix, after).await
    }

    async fn check(&self) -> StoreResult<()> {
        objects::check_bucket(&self.client, &self.bucket).await
    }

    fn time(&self) -> Option<OffsetDateTime> {
        self.clock.now()
    }
}

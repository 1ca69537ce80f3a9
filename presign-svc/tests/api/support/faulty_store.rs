//! The real store behind a network that can lose answers and go away.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use time::OffsetDateTime;
use tokio::sync::Notify;
use windlass_presign_svc::adapters::s3::S3Store;
use windlass_presign_svc::domain::object_key::ObjectKey;
use windlass_presign_svc::ports::object_store::*;

/// What the entity tag of a part begins with that is no MD5.
const OPAQUE: &str = "\"opaque-";

pub struct FaultyStore {
    inner: S3Store,
    /// The next join is done, and its answer lost.
    pub lose_next_join_answer: AtomicBool,
    /// The next join is done and asked for again, as where its answer was lost on the way: there is an object by then.
    pub repeats_next_join: AtomicBool,
    /// Neither parts nor objects tell anything of their content, as under SSE-KMS in a store without CRC64NVME.
    pub tells_no_content: AtomicBool,
    /// Nothing answers.
    pub is_down: AtomicBool,
    /// Nobody who looks at an object, or at an upload's parts, is ever answered; that somebody asked is told here.
    pub is_silent: AtomicBool,
    pub asked_in_silence: Notify,
    /// The next one who looks at an object is never answered, which is told there, too.
    pub is_silent_once: AtomicBool,
    /// Whoever opens a multipart upload is answered late: that it is open is told here, and the answer waits for a word.
    pub answers_opening_late: AtomicBool,
    pub has_opened: Notify,
    pub may_answer: Notify,
    /// The same of the next one who has parts joined.
    pub answers_joining_late: AtomicBool,
    pub has_joined: Notify,
    /// Of every object it is said that it is not there, by a gateway before the store: that takes no more than a status.
    pub hides_objects: AtomicBool,
    /// The next one who looks at an object meets a bug.
    pub panics_once: AtomicBool,
    /// How many objects were looked at.
    pub looks: AtomicU32,
    /// How often the parts of an upload were listed.
    pub lists: AtomicU32,
    /// Credentials to read with never come.
    pub cannot_sign_gets: AtomicBool,
    /// No form can be signed.
    pub cannot_sign_forms: AtomicBool,
    /// Credentials end half an hour after the window began.
    pub urls_are_short_lived: AtomicBool,
    /// Lists hold so many objects; 0 for as many as the store likes.
    pub page: AtomicUsize,
    /// How many joins were asked for.
    pub joins: AtomicU32,
    /// How many objects and parts the service wrote itself.
    pub writes: AtomicU32,
    /// How many parts it had copied within the store.
    pub copies: AtomicU32,
    /// The store knows no copying of parts.
    pub cannot_copy: AtomicBool,
    /// So often an object is found to be another one when it is read.
    pub replaced_when_read: AtomicU32,
    /// How far the time it tells is ahead. It takes what is signed today all the same.
    pub ahead: Mutex<Duration>,
}

impl FaultyStore {
    pub fn around(inner: S3Store) -> Self {
        Self {
            inner,
            lose_next_join_answer: AtomicBool::new(false),
            repeats_next_join: AtomicBool::new(false),
            tells_no_content: AtomicBool::new(false),
            is_down: AtomicBool::new(false),
            is_silent: AtomicBool::new(false),
            asked_in_silence: Notify::new(),
            is_silent_once: AtomicBool::new(false),
            hides_objects: AtomicBool::new(false),
            panics_once: AtomicBool::new(false),
            answers_opening_late: AtomicBool::new(false),
            has_opened: Notify::new(),
            may_answer: Notify::new(),
            answers_joining_late: AtomicBool::new(false),
            has_joined: Notify::new(),
            looks: AtomicU32::new(0),
            lists: AtomicU32::new(0),
            cannot_sign_gets: AtomicBool::new(false),
            cannot_sign_forms: AtomicBool::new(false),
            urls_are_short_lived: AtomicBool::new(false),
            page: AtomicUsize::new(0),
            joins: AtomicU32::new(0),
            writes: AtomicU32::new(0),
            copies: AtomicU32::new(0),
            cannot_copy: AtomicBool::new(false),
            replaced_when_read: AtomicU32::new(0),
            ahead: Mutex::default(),
        }
    }

    fn up(&self) -> StoreResult<&S3Store> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("canary-store-detail".to_owned()));
        }
        Ok(&self.inner)
    }
}

/// Signs URLs that end then at the latest.
struct CutShort {
    inner: Box<dyn GetSigner>,
    end: Option<OffsetDateTime>,
}

impl GetSigner for CutShort {
    fn sign(&self, get: &GetToSign<'_>) -> StoreResult<SignedRequest> {
        let mut signed = self.inner.sign(get)?;
        signed.expires_at = self.end.map_or(signed.expires_at, |end| signed.expires_at.min(end));
        Ok(signed)
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
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
        if self.cannot_sign_forms.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("there are no credentials".to_owned()));
        }
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
        if self.cannot_sign_gets.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let inner = self.inner.get_signer(window).await?;
        let is_cut = self.urls_are_short_lived.load(Ordering::SeqCst);
        let end = is_cut.then(|| window.signed_at + Duration::from_secs(1800));
        Ok(Box::new(CutShort { inner, end }))
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
        let opened = self.up()?.create_multipart(key, content_type).await;
        if self.answers_opening_late.swap(false, Ordering::SeqCst) {
            self.has_opened.notify_one();
            self.may_answer.notified().await;
        }
        opened
    }

    async fn list_parts(&self, key: &ObjectKey, multipart: &MultipartId) -> StoreResult<Vec<StoredPart>> {
        self.lists.fetch_add(1, Ordering::SeqCst);
        if self.is_silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let mut parts = self.up()?.list_parts(key, multipart).await?;
        if self.tells_no_content.load(Ordering::SeqCst) {
            for part in &mut parts {
                part.etag = part.etag.replacen('"', OPAQUE, 1);
                part.checksum = None;
            }
        }
        Ok(parts)
    }

    async fn complete_multipart(&self, completion: &MultipartCompletion<'_>) -> StoreResult<()> {
        self.joins.fetch_add(1, Ordering::SeqCst);
        let of_store =
            |part: &PartToJoin| PartToJoin { etag: part.etag.replacen(OPAQUE, "\"", 1), ..part.clone() };
        let parts: Vec<PartToJoin> = completion.parts.iter().map(of_store).collect();
        self.up()?.complete_multipart(&MultipartCompletion { parts: &parts, ..*completion }).await?;
        if self.answers_joining_late.swap(false, Ordering::SeqCst) {
            self.has_joined.notify_one();
            self.may_answer.notified().await;
        }
        if self.lose_next_join_answer.swap(false, Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the answer was lost".to_owned()));
        }
        if self.repeats_next_join.swap(false, Ordering::SeqCst) {
            return Err(StoreError::Precondition);
        }
        Ok(())
    }

    async fn abort_multipart(&self, key: &ObjectKey, multipart: &MultipartId) -> StoreResult<()> {
        self.up()?.abort_multipart(key, multipart).await
    }

    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectInfo> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        if self.is_silent.load(Ordering::SeqCst) {
            self.asked_in_silence.notify_one();
            std::future::pending::<()>().await;
        }
        if self.is_silent_once.swap(false, Ordering::SeqCst) {
            self.asked_in_silence.notify_one();
            std::future::pending::<()>().await;
        }
        assert!(!self.panics_once.swap(false, Ordering::SeqCst), "a bug of the test's");
        if self.hides_objects.load(Ordering::SeqCst) {
            return Err(StoreError::NotFound);
        }
        let mut object = self.up()?.head(key).await?;
        if self.tells_no_content.load(Ordering::SeqCst) {
            object.checksum = None;
        }
        Ok(object)
    }

    async fn read_range(&self, key: &ObjectKey, range: Range<u64>, etag: Option<&str>) -> StoreResult<Bytes> {
        let less = |left: u32| left.checked_sub(1);
        if self.replaced_when_read.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            return Err(StoreError::Precondition);
        }
        self.up()?.read_range(key, range, etag).await
    }

    async fn put(&self, put: &PutToSign<'_>, bytes: Bytes) -> StoreResult<()> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.up()?.put(put, bytes).await
    }

    async fn upload_part(&self, part: &PartToWrite<'_>, bytes: Bytes) -> StoreResult<()> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.up()?.upload_part(part, bytes).await
    }

    async fn copy_part(&self, part: &PartToWrite<'_>, source: &ObjectKey) -> StoreResult<()> {
        self.copies.fetch_add(1, Ordering::SeqCst);
        if self.cannot_copy.load(Ordering::SeqCst) {
            return Err(StoreError::Unexpected("501 NotImplemented".to_owned()));
        }
        self.up()?.copy_part(part, source).await
    }

    async fn delete(&self, key: &ObjectKey) -> StoreResult<()> {
        self.up()?.delete(key).await
    }

    async fn list_objects(&self, prefix: &str, after: Option<&str>) -> StoreResult<ObjectPage> {
        let mut found = self.up()?.list_objects(prefix, after).await?;
        let page = self.page.load(Ordering::SeqCst);
        if page > 0 && found.objects.len() > page {
            found.objects.truncate(page);
            found.is_last = false;
        }
        Ok(found)
    }

    async fn list_multiparts(
        &self,
        prefix: &str,
        after: Option<&MultipartMark>,
    ) -> StoreResult<MultipartPage> {
        self.up()?.list_multiparts(prefix, after).await
    }

    async fn check(&self) -> StoreResult<()> {
        self.up()?.check().await
    }

    fn time(&self) -> Option<OffsetDateTime> {
        Some(self.inner.time()? + *self.ahead.lock().unwrap())
    }
}

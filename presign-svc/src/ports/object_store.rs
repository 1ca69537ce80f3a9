//! The bucket, in our words: sign what a browser may do itself, and verify what it did.
//!
//! Signing decides nothing: sizes, types and checksums come from the upload's row, the time from the
//! caller. Every operation may be repeated safely: the trait says for each what a repetition answers.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use time::OffsetDateTime;
use windlass_protocol::{Checksum, PartNumber};

use crate::domain::object_key::ObjectKey;
pub use crate::domain::stored::{MultipartId, ObjectInfo, PartToJoin, StoredPart};

/// A bucket that keeps objects.
#[async_trait]
pub trait ObjectStore: Send + Sync + 'static {
    /// Signs a PUT of one whole object.
    async fn sign_put(&self, put: &PutToSign<'_>, window: SigningWindow) -> StoreResult<SignedRequest>;

    /// Signs a PUT of one whole object of any size, bound to its key and its type alone: for clients that send
    /// no other header, and do not say how large a file is.
    async fn sign_plain_put(
        &self,
        key: &ObjectKey,
        content_type: &str,
        window: SigningWindow,
    ) -> StoreResult<SignedRequest>;

    /// Signs a form that brings one whole object by POST, to be answered 201.
    async fn sign_form(&self, form: &FormToSign<'_>, window: SigningWindow) -> StoreResult<SignedForm>;

    /// Signs PUTs of parts of one multipart upload, in the order given.
    async fn sign_parts(
        &self,
        key: &ObjectKey,
        multipart: &MultipartId,
        parts: &[PartToSign],
        window: SigningWindow,
    ) -> StoreResult<Vec<SignedRequest>>;

    /// What signs GETs in a window. All there is to wait for, which is credentials, was waited for.
    async fn get_signer(&self, window: SigningWindow) -> StoreResult<Box<dyn GetSigner>>;

    /// The object's address without a signature: a name for it, not a way to fetch it.
    fn object_url(&self, key: &ObjectKey) -> String;

    /// Scheme, host and port a browser talks to for this bucket, such as
    /// `https://photos.s3.eu-central-1.amazonaws.com`: what a page's `connect-src` must allow.
    fn browser_origin(&self) -> String;

    /// Where browsers fetch objects: the same, unless they send by another way.
    fn reading_origin(&self) -> String;

    /// Opens a multipart upload that keeps a CRC64NVME over the whole object. Each call opens another one.
    async fn create_multipart(&self, key: &ObjectKey, content_type: &str) -> StoreResult<MultipartId>;

    /// The parts the store has, ascending, all pages. [`StoreError::NoSuchUpload`] when it is closed.
    async fn list_parts(&self, key: &ObjectKey, multipart: &MultipartId) -> StoreResult<Vec<StoredPart>>;

    /// Joins the parts. An answer of 200 whose body holds an error is an error.
    /// [`StoreError::NoSuchUpload`] when it is closed, which may mean that an earlier call succeeded.
    async fn complete_multipart(&self, completion: &MultipartCompletion<'_>) -> StoreResult<()>;

    /// Removes the parts; also `Ok` when there is nothing left to remove.
    async fn abort_multipart(&self, key: &ObjectKey, multipart: &MultipartId) -> StoreResult<()>;

    /// What the store knows about an object. [`StoreError::NotFound`] when there is none.
    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectInfo>;

    /// Reads bytes of an object; fewer where the object ends, and none beyond its end. With `etag` only
    /// that very content: [`StoreError::Precondition`] where it has been replaced.
    async fn read_range(&self, key: &ObjectKey, range: Range<u64>, etag: Option<&str>) -> StoreResult<Bytes>;

    /// What lies below a prefix, all pages, by key: keys as they are, for not all need be of our kind.
    async fn list(&self, prefix: &str) -> StoreResult<Vec<BucketEntry>> {
        let mut found: Vec<BucketEntry> = Vec::new();
        loop {
            let after = found.last().map(|object| object.key.as_str());
            let page = self.list_objects(prefix, after).await?;
            let is_over = page.is_last || page.objects.is_empty();
            found.extend(page.objects);
            if is_over {
                return Ok(found);
            }
        }
    }

    /// Stores an object from memory. Where the store can, one that is there already is left alone:
    /// [`StoreError::Precondition`].
    async fn put(&self, put: &PutToSign<'_>, bytes: Bytes) -> StoreResult<()>;

    /// Stores a part from memory; one of that number is replaced.
    async fn upload_part(&self, part: &PartToWrite<'_>, bytes: Bytes) -> StoreResult<()>;

    /// Makes a part of a whole object of the same bucket, within the store; one of that number is replaced.
    async fn copy_part(&self, part: &PartToWrite<'_>, source: &ObjectKey) -> StoreResult<()>;

    /// Removes an object; also `Ok` when there is none.
    async fn delete(&self, key: &ObjectKey) -> StoreResult<()>;

    /// Objects whose keys begin with a text and come after another, in the order of their keys' bytes: at most a
    /// page of a thousand.
    async fn list_objects(&self, prefix: &str, after: Option<&str>) -> StoreResult<ObjectPage>;

    /// Open multipart uploads whose keys begin with a text, a page of them, after another page.
    async fn list_multiparts(
        &self,
        prefix: &str,
        after: Option<&MultipartMark>,
    ) -> StoreResult<MultipartPage>;

    /// Whether the bucket answers and lets us in.
    async fn check(&self) -> StoreResult<()>;

    /// What time it is by the store's clock, as far as its answers told; `None` before the first one.
    fn time(&self) -> Option<OffsetDateTime>;
}

/// From when and for how long a signed URL works. The URL's real end may come earlier: it never
/// outlives the credentials that signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningWindow {
    /// The time written into the signature.
    pub signed_at: OffsetDateTime,
    /// How long after `signed_at` it works: whole seconds, 1 second to 7 days.
    pub lifetime: Duration,
    /// When the URL is given out: `signed_at`, or later. It is in no URL.
    pub now: OffsetDateTime,
}

impl SigningWindow {
    /// One that begins when its URLs are given out.
    pub fn beginning_at(now: OffsetDateTime, lifetime: Duration) -> Self {
        Self { signed_at: now, lifetime, now }
    }
}

/// A PUT of one whole object.
#[derive(Debug, Clone, Copy)]
pub struct PutToSign<'a> {
    /// Where to.
    pub key: &'a ObjectKey,
    /// Signed as `content-length`: the store takes exactly this many bytes.
    pub size_bytes: u64,
    /// Signed as `content-type`.
    pub content_type: &'a str,
    /// Signed as `x-amz-checksum-…`: the store verifies the bytes on arrival.
    pub checksum: Option<&'a Checksum>,
    /// Signed as `if-none-match: *`, where the store supports it: the URL cannot replace an object.
    pub only_if_absent: bool,
}

/// A form that brings one whole object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormToSign<'a> {
    /// Where to.
    pub key: &'a ObjectKey,
    /// The store takes a file of such a size.
    pub sizes_bytes: RangeInclusive<u64>,
    /// The type the object is stored with.
    pub content_type: &'a str,
}

/// A PUT of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartToSign {
    /// Its number.
    pub part_number: PartNumber,
    /// Signed as `content-length`, where it is known.
    pub size_bytes: Option<u64>,
    /// Signed as `x-amz-checksum-…`.
    pub checksum: Option<Checksum>,
}

/// A GET of an object, with what the browser is to make of it.
#[derive(Debug, Clone, Copy)]
pub struct GetToSign<'a> {
    /// Which one.
    pub key: &'a ObjectKey,
    /// Signed as `response-content-type`.
    pub content_type: &'a str,
    /// Signed as `response-content-disposition`.
    pub content_disposition: &'a str,
    /// Signed as `response-cache-control`, where given.
    pub cache_control: Option<&'a str>,
}

/// Signs GETs in one window: of a page of photos, hundreds.
pub trait GetSigner: Send + Sync {
    /// Signs a GET. The same arguments give the same URL, whenever in its window, so that browsers can cache what it
    /// fetches.
    fn sign(&self, get: &GetToSign<'_>) -> StoreResult<SignedRequest>;
}

/// A request somebody else may send on our behalf.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// Where to. Whoever holds it may do what it says: never log it.
    pub url: String,
    /// Headers that are part of the signature, in lower case: to be sent unchanged.
    pub headers: BTreeMap<String, String>,
    /// When it stops working.
    pub expires_at: OffsetDateTime,
}

impl fmt::Debug for SignedRequest {
    /// Leaves the query out: it holds the signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.url.split_once('?').map_or(self.url.as_str(), |(place, _)| place);
        f.debug_struct("SignedRequest")
            .field("url", &format_args!("{place}?[redacted]"))
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A form somebody else may send on our behalf, with the file as its last field, named `file`.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedForm {
    /// Where to.
    pub url: String,
    /// Its fields, the signature among them: never log them.
    pub fields: BTreeMap<String, String>,
    /// When it stops working.
    pub expires_at: OffsetDateTime,
}

impl fmt::Debug for SignedForm {
    /// Leaves the fields out: one is the signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedForm")
            .field("url", &self.url)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// How to join the parts of a multipart upload.
#[derive(Debug, Clone, Copy)]
pub struct MultipartCompletion<'a> {
    /// Where the object will be.
    pub key: &'a ObjectKey,
    /// Which upload.
    pub multipart: &'a MultipartId,
    /// All parts, ascending.
    pub parts: &'a [PartToJoin],
    /// Of the whole object, where the client knows a CRC64NVME: the store refuses to join to anything else.
    pub checksum: Option<&'a Checksum>,
    /// Refuse with [`StoreError::Precondition`] where an object is there already, if the store can.
    pub only_if_absent: bool,
}

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketEntry {
    /// Whatever it is called: not always a key of ours.
    pub key: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its entity tag, where the listing has it.
    pub etag: Option<String>,
    /// When it was written.
    pub written_at: OffsetDateTime,
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPage {
    /// In the order of their keys' bytes.
    pub objects: Vec<BucketEntry>,
    /// Whether none comes after them. Fewer than a thousand do not say so.
    pub is_last: bool,
}

/// A multipart upload that was neither joined nor aborted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenMultipart {
    /// What it was to become.
    pub key: String,
    /// Which.
    pub id: MultipartId,
    /// When it was opened.
    pub opened_at: OffsetDateTime,
}

/// Where a page of multipart uploads ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultipartMark {
    /// `key-marker`.
    pub key: String,
    /// `upload-id-marker`.
    pub id: Option<String>,
}

/// A page of multipart uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultipartPage {
    /// In the store's order.
    pub multiparts: Vec<OpenMultipart>,
    /// Where it ended, where more follow.
    pub next: Option<MultipartMark>,
}

/// A part that the service itself writes.
#[derive(Debug, Clone, Copy)]
pub struct PartToWrite<'a> {
    /// Where the object will be.
    pub key: &'a ObjectKey,
    /// Which upload.
    pub multipart: &'a MultipartId,
    /// The part's number.
    pub part_number: PartNumber,
}

/// What every store operation answers.
pub type StoreResult<T> = Result<T, StoreError>;

/// What can go wrong with the store, by meaning.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("the object does not exist")]
    NotFound,
    /// The multipart upload was completed, aborted, or never opened.
    #[error("the multipart upload does not exist any more")]
    NoSuchUpload,
    /// The object is there already, or is not the one that was meant.
    #[error("the object is not in the state that was required")]
    Precondition,
    /// The store does not have a part with that number and entity tag, or they are out of order.
    #[error("the store does not know one of the parts")]
    InvalidPart,
    /// A part that is not the last one has less than 5 MiB.
    #[error("a part is smaller than the store allows")]
    PartTooSmall,
    /// The bytes do not have the checksum that was announced.
    #[error("the stored bytes do not have the announced checksum")]
    ChecksumMismatch,
    /// The credentials are not accepted, or do not allow this: for the operator.
    #[error("the store refuses our credentials: {0}")]
    PermissionDenied(String),
    /// The store is busy, does not answer, or failed: the same call may succeed later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Anything else: a bug here or a store that is not quite S3.
    #[error("the store gave an unexpected answer: {0}")]
    Unexpected(String),
}

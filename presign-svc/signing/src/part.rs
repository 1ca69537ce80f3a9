//! UploadPart: parts of one multipart upload, signed in batches. `partNumber` and `uploadId` sort after
//! every `X-Amz-…` parameter, so the canonical requests of all parts share everything up to the part's
//! number: it is hashed once, and each part continues from a copy of that state.

use sha2::Sha256;

use crate::canonical::{Method, Sink};
use crate::encode::{self, Decimal};
use crate::error::SignError;
use crate::headers::{self, Checksum, ChecksumAlgorithm, HeadersToSend};
use crate::signed_url::{SignedRequest, SignedUrl};
use crate::signer::{Presigner, Signer};
use crate::validity::Validity;

/// The most parts S3 lets one upload have.
pub const MAX_PART_NUMBER: u16 = 10_000;

/// One part, and what its PUT is bound to. Whatever is `None` the client may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartHeaders<'a> {
    /// 1 to 10,000.
    pub part_number: u16,
    /// Size of the part in bytes: the store takes exactly this many.
    pub content_length: Option<u64>,
    /// The store verifies the part against it before it answers.
    pub checksum: Option<Checksum<'a>>,
}

impl<'a> PartHeaders<'a> {
    fn to_send(self) -> Result<HeadersToSend<'a>, SignError> {
        if !(1..=MAX_PART_NUMBER).contains(&self.part_number) {
            return Err(SignError::PartNumber(self.part_number));
        }
        headers::check_checksum(self.checksum)?;
        Ok(HeadersToSend {
            content_length: self.content_length,
            content_type: None,
            if_none_match: false,
            checksum: self.checksum,
        })
    }

    fn shape(&self) -> Shape {
        (self.content_length.is_some(), self.checksum.map(|checksum| checksum.algorithm))
    }
}

/// Which headers are signed: their names stand before the part's number.
type Shape = (bool, Option<ChecksumAlgorithm>);

/// What all parts of one shape have in common.
struct Shared {
    shape: Shape,
    /// The URL up to `partNumber=`.
    url: String,
    /// The canonical request up to there.
    hash: Sha256,
}

impl Presigner<'_> {
    /// Signs PUTs of parts of one upload, in the order given.
    pub fn upload_parts<'a>(
        &self,
        key: &str,
        upload_id: &str,
        parts: &[PartHeaders<'a>],
    ) -> Result<Vec<SignedRequest<'a>>, SignError> {
        if upload_id.is_empty() {
            return Err(SignError::NoUploadId);
        }
        let mut after_number = String::from("&uploadId=");
        encode::push_query(&mut after_number, upload_id);

        let mut shared: Option<Shared> = None;
        let mut signed = Vec::with_capacity(parts.len());
        for part in parts {
            let headers = part.to_send()?;
            let start = match shared.take() {
                Some(same) if same.shape == part.shape() => same,
                _ => {
                    let (url, hash) = self.begin(Method::Put, key, &headers, "&partNumber=")?;
                    Shared { shape: part.shape(), url, hash }
                }
            };
            let number = Decimal::new(u64::from(part.part_number));
            let mut url = String::with_capacity(start.url.len() + after_number.len() + SIGNATURE_ROOM_BYTES);
            url.push_str(&start.url);
            url.push_str(number.as_str());
            url.push_str(&after_number);
            let mut hash = start.hash.clone();
            hash.put(number.as_str());
            hash.put(&after_number);
            self.finish(&mut url, hash, &headers);
            signed.push(SignedRequest { url: SignedUrl::new(url), headers, expires_at: self.expires_at() });
            shared = Some(start);
        }
        Ok(signed)
    }

    /// Signs a PUT of one part.
    pub fn upload_part<'a>(
        &self,
        key: &str,
        upload_id: &str,
        part: PartHeaders<'a>,
    ) -> Result<SignedRequest<'a>, SignError> {
        if upload_id.is_empty() {
            return Err(SignError::NoUploadId);
        }
        let headers = part.to_send()?;
        let url = self.sign(Method::Put, key, &query_tail(upload_id, part.part_number), &headers)?;
        Ok(SignedRequest { url, headers, expires_at: self.expires_at() })
    }
}

/// One part's own parameters as the tail of a query, in the order signing wants.
pub(crate) fn query_tail(upload_id: &str, part_number: u16) -> String {
    let mut tail = String::from("&partNumber=");
    tail.push_str(Decimal::new(u64::from(part_number)).as_str());
    tail.push_str("&uploadId=");
    encode::push_query(&mut tail, upload_id);
    tail
}

/// `&X-Amz-Signature=`, 64 digits, and up to five digits of the part's number.
const SIGNATURE_ROOM_BYTES: usize = 17 + 64 + 5;

impl Signer {
    /// Signs PUTs of parts of one upload, in the order given.
    pub fn upload_parts<'a>(
        &self,
        key: &str,
        upload_id: &str,
        parts: &[PartHeaders<'a>],
        validity: &Validity,
    ) -> Result<Vec<SignedRequest<'a>>, SignError> {
        self.presigner(validity)?.upload_parts(key, upload_id, parts)
    }

    /// Signs a PUT of one part.
    pub fn upload_part<'a>(
        &self,
        key: &str,
        upload_id: &str,
        part: PartHeaders<'a>,
        validity: &Validity,
    ) -> Result<SignedRequest<'a>, SignError> {
        self.presigner(validity)?.upload_part(key, upload_id, part)
    }
}

//! UploadPart: parts of one multipart upload, signed in batches. `partNumber` and `uploadId` sort after
//! every `X-Amz-…` parameter, so the canonical requests of all parts share everything up to the part's
//! number: it is hashed once, and each part continues from a copy of that state.

use crate::canonical::{self, Method};
use crate::encode::{self, Decimal};
use crate::error::SignError;
use crate::hash::Midstate;
use crate::headers::{self, Checksum, ChecksumAlgorithm, HeadersToSend};
use crate::signed_url::{SignedRequest, SignedUrl};
use crate::signer::{Presigner, SIGNATURE_BYTES, Signer};
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

/// What all parts of one upload with the same signed headers have in common: the canonical request with
/// holes for the part's number, its length and its checksum. Filling holes is several times cheaper than
/// writing the request anew; the tests hold it against the request written anew.
struct PartTemplate {
    shape: Shape,
    /// The URL up to `partNumber=`.
    url: String,
    /// The URL's query after the number.
    url_after_number: String,
    /// The canonical request up to the number, as far as whole blocks go …
    absorbed: Midstate,
    /// … and what remains of it; a part's own text is put after it, and taken off again.
    text: String,
    rest_bytes: usize,
    after_number: String,
    after_length: String,
    after_checksum: String,
}

impl PartTemplate {
    fn new(
        presigner: &Presigner<'_>,
        key: &str,
        upload_id: &str,
        part: &PartHeaders<'_>,
    ) -> Result<Self, SignError> {
        let headers = part.to_send()?;
        let request = presigner.canonical_request(Method::Put, key, "&partNumber=", &headers)?;
        let mut absorbed = Midstate::START;
        let rest_bytes = absorbed.absorb(request.text.as_bytes()).len();
        // The text is ASCII (keys are encoded), so it can be cut anywhere.
        let text = request.text[request.text.len() - rest_bytes..].to_owned();

        let mut url_after_number = String::from("&uploadId=");
        encode::push_query(&mut url_after_number, upload_id);
        let mut after_number = format!("{url_after_number}\n");
        let mut after_length = String::new();
        if part.content_length.is_some() {
            after_number.push_str("content-length:");
            after_length.push('\n');
        }
        after_length.push_str("host:");
        after_length.push_str(presigner.host());
        after_length.push('\n');
        let mut after_checksum = String::new();
        if let Some(checksum) = part.checksum {
            after_length.push_str(checksum.algorithm.header_name());
            after_length.push(':');
            after_checksum.push('\n');
        }
        canonical::push_after_lines(&mut after_checksum, &headers);
        Ok(Self {
            shape: part.shape(),
            url: presigner.url(&request),
            url_after_number,
            absorbed,
            text,
            rest_bytes,
            after_number,
            after_length,
            after_checksum,
        })
    }

    fn sign(&mut self, presigner: &Presigner<'_>, part: &PartHeaders<'_>) -> SignedUrl {
        let number = Decimal::new(u64::from(part.part_number));
        let text = &mut self.text;
        text.truncate(self.rest_bytes);
        text.push_str(number.as_str());
        text.push_str(&self.after_number);
        if let Some(length) = part.content_length {
            text.push_str(Decimal::new(length).as_str());
        }
        text.push_str(&self.after_length);
        if let Some(checksum) = part.checksum {
            text.push_str(checksum.base64);
        }
        text.push_str(&self.after_checksum);

        let own_bytes = number.as_str().len() + self.url_after_number.len();
        let mut url = String::with_capacity(self.url.len() + own_bytes + SIGNATURE_BYTES);
        url.push_str(&self.url);
        url.push_str(number.as_str());
        url.push_str(&self.url_after_number);
        presigner.push_signature(&mut url, self.absorbed, text);
        SignedUrl::new(url)
    }
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
        let mut last: Option<PartTemplate> = None;
        let mut signed = Vec::with_capacity(parts.len());
        for part in parts {
            let headers = part.to_send()?;
            let mut template = match last.take() {
                Some(template) if template.shape == part.shape() => template,
                _ => PartTemplate::new(self, key, upload_id, part)?,
            };
            let url = template.sign(self, part);
            signed.push(SignedRequest { url, headers, expires_at: self.expires_at() });
            last = Some(template);
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

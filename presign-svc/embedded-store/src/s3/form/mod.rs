//! `PostObject`: a browser's form (`multipart/form-data`) that brings one object, bound by a signed policy
//! (Amazon S3 API Reference, "POST Object").
//!
//! The protocol crate would read the whole file into memory before it looks at the policy. Here the fields
//! are read and judged first, and the file is streamed to disk as any other body. What S3 offers beside
//! (redirects, ACLs, `${filename}` in keys) is refused by name: no signature of ours asks for it.

mod policy;
mod signature;

use std::collections::BTreeMap;
use std::time::Duration;

use futures::TryStreamExt as _;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use multer::{Constraints, Field, Multipart, SizeLimit};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{Body, S3Error, S3ErrorCode, S3Result, s3_error};

use self::policy::Policy;
use super::errors;
use super::fields::{kept_headers, parse_checksum};
use super::receive::{BODY_LIMIT_BYTES, stored_part};
use crate::blob::{BodyError, write_body};
use crate::catalogue::Precondition;
use crate::checksum::{Algorithm, Checksum, ChecksumType};
use crate::manifest::ObjectManifest;
use crate::store::{CreatedBy, EmbeddedStore};

/// The longest value of a field; a policy is the longest one. S3's limit for all fields is 20 KB.
const FIELD_LIMIT_BYTES: u64 = 20 * 1024;
/// More fields than any form of S3's has.
const FIELDS_LIMIT: usize = 64;
/// How long a client may take for all fields before the file. Until they are read nobody has shown a signature, so
/// that even a client that goes on sending has no longer.
const FIELDS_TIME_LIMIT: Duration = Duration::from_secs(60);
/// S3's limit for a key.
const KEY_LIMIT_BYTES: usize = 1024;
/// What a path keeps as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The fields before the file: names in lower case, as S3 compares them.
type Fields = BTreeMap<String, String>;

impl EmbeddedStore {
    /// Takes a form in and answers it.
    pub(crate) async fn post_object(&self, request: &Parts, body: Body) -> S3Result<Response<Body>> {
        let config = &self.inner.config;
        match request.uri.path().trim_start_matches('/').trim_end_matches('/') {
            path if path.contains('/') => {
                return Err(s3_error!(MethodNotAllowed, "A form is sent to the bucket's own address"));
            }
            bucket if bucket != config.bucket => {
                return Err(s3_error!(NoSuchBucket, "The specified bucket does not exist"));
            }
            _ => {}
        }
        let content_type = request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let boundary = multer::parse_boundary(content_type.unwrap_or_default()).map_err(malformed)?;
        let limits = SizeLimit::new().per_field(FIELD_LIMIT_BYTES).for_field("file", u64::MAX);
        let mut form = Multipart::with_constraints(body, boundary, Constraints::new().size_limit(limits));
        let (fields, file) = read_fields_within(FIELDS_TIME_LIMIT, &mut form).await?;

        let now = super::fields::now();
        let policy = Policy::parse(signature::verified_policy(&fields, config, now)?)?;
        let sizes = policy.sizes_for(&fields, &config.bucket, now)?;
        let wanted = Wanted::of(&fields)?;

        let limit_bytes = (*sizes.end()).min(BODY_LIMIT_BYTES);
        let bytes = file.map_err(Into::into);
        let written =
            write_body(&self.inner.layout, &self.inner.in_flight, wanted.algorithm(), limit_bytes, bytes)
                .await
                .map_err(errors::body)?;
        if written.size_bytes < *sizes.start() {
            return Err(s3_error!(
                EntityTooSmall,
                "Your proposed upload is smaller than the minimum allowed size"
            ));
        }
        if wanted.checksum.as_ref().is_some_and(|claimed| *claimed != written.checksum) {
            return Err(s3_error!(
                BadDigest,
                "The {} you specified did not match the calculated checksum.",
                wanted.algorithm().s3_name()
            ));
        }
        let part = stored_part(1, &written);
        let manifest = ObjectManifest {
            key: wanted.key,
            size_bytes: part.size_bytes,
            etag: part.etag.clone(),
            last_modified: now,
            checksum: part.checksum.clone(),
            checksum_type: ChecksumType::FullObject,
            headers: kept_headers(
                fields.get("content-type").cloned(),
                fields.get("content-disposition").cloned(),
                fields.get("content-encoding").cloned(),
                None,
                fields.get("cache-control").cloned(),
                Some(user_metadata(&fields)),
            ),
            parts: vec![part],
            upload_id: None,
        };
        let object =
            self.put_in_place(manifest, written.pending, Precondition::None, CreatedBy::Post).await?;
        answer(&object, &config.bucket, request, wanted.status)
    }
}

async fn read_fields_within(
    limit: Duration,
    form: &mut Multipart<'static>,
) -> S3Result<(Fields, Field<'static>)> {
    tokio::time::timeout(limit, read_fields(form)).await.map_err(|_| errors::body(BodyError::Silent))?
}

/// Reads up to the file: what follows it does not count.
async fn read_fields(form: &mut Multipart<'static>) -> S3Result<(Fields, Field<'static>)> {
    let mut fields = Fields::new();
    while let Some(field) = form.next_field().await.map_err(malformed)? {
        let name = field.name().unwrap_or_default().to_ascii_lowercase();
        if name == "file" {
            return Ok((fields, field));
        }
        let value = field.text().await.map_err(malformed)?;
        if fields.len() >= FIELDS_LIMIT || fields.insert(name.clone(), value).is_some() {
            return Err(s3_error!(
                MalformedPOSTRequest,
                "The field {name} is given twice, or is one too many"
            ));
        }
    }
    Err(s3_error!(InvalidArgument, "POST requires exactly one file upload per request."))
}

/// What the fields ask for, beside what is kept as headers.
struct Wanted {
    key: String,
    checksum: Option<Checksum>,
    status: StatusCode,
}

impl Wanted {
    fn of(fields: &Fields) -> S3Result<Self> {
        let key = fields.get("key").filter(|key| !key.is_empty());
        let key =
            key.ok_or_else(|| s3_error!(InvalidArgument, "Bucket POST must contain a field named 'key'."))?;
        if key.len() > KEY_LIMIT_BYTES {
            return Err(s3_error!(KeyTooLongError, "Your key is too long"));
        }
        if key.contains("${filename}") {
            return Err(s3_error!(
                NotImplemented,
                "This store takes keys as they are, without ${{filename}}"
            ));
        }
        if let Some(name) = fields.keys().find(|name| !is_known(name)) {
            return Err(s3_error!(NotImplemented, "This store does not know the form field {name}"));
        }
        let mut checksums = Algorithm::ALL.into_iter().filter_map(|algorithm| {
            let text = fields.get(algorithm.header_name())?;
            Some(parse_checksum(algorithm, text))
        });
        let checksum = checksums.next().transpose()?;
        if checksums.next().is_some() {
            return Err(s3_error!(InvalidRequest, "Expecting a single x-amz-checksum- field"));
        }
        let status = match fields.get("success_action_status").map(String::as_str) {
            Some("200") => StatusCode::OK,
            Some("201") => StatusCode::CREATED,
            _ => StatusCode::NO_CONTENT,
        };
        Ok(Self { key: key.clone(), checksum, status })
    }

    /// The checksum to take of the file.
    fn algorithm(&self) -> Algorithm {
        self.checksum.as_ref().map_or(Algorithm::Crc64Nvme, |checksum| checksum.algorithm)
    }
}

/// What this store does something with, or may leave alone.
fn is_known(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "key",
        "bucket",
        "policy",
        "content-type",
        "content-disposition",
        "content-encoding",
        "cache-control",
        "success_action_status",
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-signature",
        "x-amz-checksum-algorithm",
        "submit",
    ];
    NAMES.contains(&name)
        || name.starts_with("x-amz-meta-")
        || name.starts_with("x-ignore-")
        || Algorithm::ALL.into_iter().any(|algorithm| algorithm.header_name() == name)
}

fn user_metadata(fields: &Fields) -> impl Iterator<Item = (String, String)> {
    fields
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("x-amz-meta-")?.to_owned(), value.clone())))
}

fn answer(
    object: &ObjectManifest,
    bucket: &str,
    request: &Parts,
    status: StatusCode,
) -> S3Result<Response<Body>> {
    let odd =
        |error: header::InvalidHeaderValue| s3_error!(error, InternalError, "The store could not answer");
    let host = request.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let location = format!("http://{host}/{bucket}/{}", utf8_percent_encode(&object.key, PATH));
    let mut body = Body::empty();
    let mut response = Response::new(Body::empty());
    if status == StatusCode::CREATED {
        body = Body::from(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>{}</Location>\
             <Bucket>{bucket}</Bucket><Key>{}</Key><ETag>&quot;{}&quot;</ETag></PostResponse>",
            xml_text(&location),
            xml_text(&object.key),
            object.etag,
        ));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    }
    *response.status_mut() = status;
    *response.body_mut() = body;
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::try_from(format!("\"{}\"", object.etag)).map_err(odd)?);
    headers.insert(header::LOCATION, HeaderValue::try_from(location).map_err(odd)?);
    headers.insert(
        HeaderName::from_static(object.checksum.algorithm.header_name()),
        HeaderValue::try_from(object.checksum_text()).map_err(odd)?,
    );
    Ok(response)
}

/// Text between two tags; what XML cannot hold at all becomes a replacement character.
fn xml_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if c.is_control() => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

fn malformed(error: multer::Error) -> S3Error {
    match error {
        multer::Error::FieldSizeExceeded { .. } => S3Error::with_message(
            S3ErrorCode::MaxPostPreDataLengthExceededError,
            "A field of the form is too long",
        ),
        other => s3_error!(
            other,
            MalformedPOSTRequest,
            "The body of your POST request is not well-formed multipart/form-data."
        ),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn a_form_whose_fields_never_end_is_given_up() {
        let field = "--edge\r\ncontent-disposition: form-data; name=\"key\"\r\n\r\n";
        for sent in ["", "before the first edge", field] {
            let body = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(sent))]);
            let mut form = Multipart::new(body.chain(futures::stream::pending()), "edge");
            let given_up = read_fields_within(Duration::from_millis(20), &mut form);
            let answer = tokio::time::timeout(Duration::from_secs(5), given_up).await;
            let error = answer.expect("it is not waited for").map(|_| ()).unwrap_err();
            assert_eq!(*error.code(), S3ErrorCode::RequestTimeout, "after {sent:?}");
        }
    }
}

//! Reading a file's bytes, a little at a time, for nothing but their checksum: the bytes themselves are
//! sent by the browser, straight from where they are.

use std::cell::Cell;
use std::ops::Range;

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;
use windlass_core::upload::ReadFailure;
use windlass_core::upload::checksum::Crc64NvmeDigest;
use windlass_protocol::{Checksum, SignedHeaders};

/// What is in memory at once of a file, in bytes: a photo, or a part as S3's parts usually are. Each piece
/// that is read costs a browser more than the bytes in it do.
const CHUNK_BYTES: u64 = 5 * 1024 * 1024;
/// What of it is copied into the module's own memory at once, which never shrinks.
const DIGEST_BYTES: u32 = 256 * 1024;

/// What a PUT sends. A file that goes as a whole is not cut, where its type is among the signed headers:
/// browsers read files straight from the disk for a request, and slices of them by a longer way.
pub(super) fn body(blob: &Blob, range: &Range<u64>, headers: &SignedHeaders) -> Result<Blob, JsValue> {
    let names_type = headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
    if names_type { piece(blob, range) } else { slice(blob, range) }
}

/// A part of a file, or the file itself where that is all of it.
fn piece(blob: &Blob, range: &Range<u64>) -> Result<Blob, JsValue> {
    let is_whole = range.start == 0 && range.end as f64 == blob.size();
    if is_whole { Ok(blob.clone()) } else { slice(blob, range) }
}

/// A part of a file, without a media type of its own: the browser then sends no `Content-Type` but the
/// signed one.
fn slice(blob: &Blob, range: &Range<u64>) -> Result<Blob, JsValue> {
    // Exact: S3 objects end at 5 TiB, far below 2^53.
    blob.slice_with_f64_and_f64(range.start as f64, range.end as f64)
}

/// The CRC-64/NVME of a part of a file. Tells when some of it was read, and there is more. Ends early, with any answer,
/// once nobody wants it.
pub(super) async fn hash(
    blob: &Blob,
    range: Range<u64>,
    is_wanted: &Cell<bool>,
    on_read: impl Fn(),
) -> Result<Checksum, ReadFailure> {
    if blob.size() < range.end as f64 {
        return Err(ReadFailure::Changed);
    }
    let mut digest = Crc64NvmeDigest::new();
    let mut buffer = Vec::new();
    let mut start = range.start;
    while start < range.end && is_wanted.get() {
        let end = (start + CHUNK_BYTES).min(range.end);
        let chunk = piece(blob, &(start..end)).map_err(|thrown| read_failure(&thrown))?;
        let bytes = JsFuture::from(chunk.array_buffer()).await.map_err(|thrown| read_failure(&thrown))?;
        let bytes = Uint8Array::new(&bytes);
        if u64::from(bytes.length()) != end - start {
            return Err(ReadFailure::Changed);
        }
        for at in (0..bytes.length()).step_by(DIGEST_BYTES as usize) {
            let part = bytes.subarray(at, (at + DIGEST_BYTES).min(bytes.length()));
            buffer.resize(part.length() as usize, 0);
            part.copy_to(&mut buffer);
            digest.update(&buffer);
        }
        start = end;
        if start < range.end && is_wanted.get() {
            on_read();
        }
    }
    Ok(digest.finish())
}

/// `NotFoundError` where the file is gone; `NotReadableError` where it has changed since it was chosen or
/// may no longer be read (File API, "Errors and Exceptions"). Gecko says `AbortError` of one that is gone,
/// and WebKit `NotFoundError` of one that has changed as well.
fn read_failure(thrown: &JsValue) -> ReadFailure {
    let name = Reflect::get(thrown, &"name".into()).ok().and_then(|name| name.as_string());
    match name.as_deref() {
        Some("NotFoundError" | "AbortError") => ReadFailure::Gone,
        _ => ReadFailure::Changed,
    }
}

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
use windlass_protocol::Checksum;

/// What is in memory at once, in bytes.
const CHUNK_BYTES: u64 = 1024 * 1024;

/// A part of a file, without a media type of its own: the browser then sends no `Content-Type` but the
/// signed one.
pub(super) fn slice(blob: &Blob, range: &Range<u64>) -> Result<Blob, JsValue> {
    // Exact: S3 objects end at 5 TiB, far below 2^53.
    blob.slice_with_f64_and_f64(range.start as f64, range.end as f64)
}

/// The CRC-64/NVME of a part of a file. Ends early, with any answer, once nobody wants it.
pub(super) async fn hash(
    blob: &Blob,
    range: Range<u64>,
    is_wanted: &Cell<bool>,
) -> Result<Checksum, ReadFailure> {
    if blob.size() < range.end as f64 {
        return Err(ReadFailure::Changed);
    }
    let mut digest = Crc64NvmeDigest::new();
    let mut buffer = Vec::new();
    let mut start = range.start;
    while start < range.end && is_wanted.get() {
        let end = (start + CHUNK_BYTES).min(range.end);
        let chunk = slice(blob, &(start..end)).map_err(|thrown| read_failure(&thrown))?;
        let bytes = JsFuture::from(chunk.array_buffer()).await.map_err(|thrown| read_failure(&thrown))?;
        let bytes = Uint8Array::new(&bytes);
        if u64::from(bytes.length()) != end - start {
            return Err(ReadFailure::Changed);
        }
        buffer.resize(bytes.length() as usize, 0);
        bytes.copy_to(&mut buffer);
        digest.update(&buffer);
        start = end;
    }
    Ok(digest.finish())
}

/// `NotFoundError` where the file is gone; `NotReadableError` where it has changed since it was chosen or
/// may no longer be read (File API, "Errors and Exceptions").
fn read_failure(thrown: &JsValue) -> ReadFailure {
    let name = Reflect::get(thrown, &"name".into()).ok().and_then(|name| name.as_string());
    match name.as_deref() {
        Some("NotFoundError") => ReadFailure::Gone,
        _ => ReadFailure::Changed,
    }
}

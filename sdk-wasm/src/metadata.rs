//! Metadata for JavaScript: what the camera knew.

use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use windlass_core::metadata::{self, MetadataError};

use crate::js_error::JsFailure;
use crate::js_value::plain;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
import type { PhotoMetadata } from "../../generated/PhotoMetadata";
"#;

/// What the camera knew, from the bytes of a whole file. Absent is `null`, never a guess.
///
/// Throws an `Error` with `code` `empty_file` or `unknown_type`.
#[wasm_bindgen(js_name = readMetadata, unchecked_return_type = "PhotoMetadata")]
pub fn read_metadata(bytes: &[u8]) -> Result<JsValue, JsValue> {
    plain(&metadata::read_metadata(bytes).map_err(unreadable)?)
}

/// Reads the metadata of a file in slices: of most files just the head is needed.
///
/// Supply the slice `nextRead` asks for until it asks for none, then `finish`.
#[wasm_bindgen]
pub struct MetadataReader {
    /// `None` once finished.
    reader: Option<metadata::MetadataReader>,
}

#[wasm_bindgen]
impl MetadataReader {
    /// For a file of this many bytes.
    #[wasm_bindgen(constructor)]
    pub fn new(#[wasm_bindgen(js_name = fileSize)] file_size: f64) -> MetadataReader {
        // `as` rounds down and takes what is no size for zero: an empty file.
        Self { reader: Some(metadata::MetadataReader::new(file_size as u64)) }
    }

    /// The slice wanted next, or `undefined` when there is nothing more to read.
    #[wasm_bindgen(
        js_name = nextRead,
        unchecked_return_type = "{ offset: number; length: number } | undefined"
    )]
    pub fn next_read(&self) -> Result<JsValue, JsValue> {
        match self.reader.as_ref().and_then(metadata::MetadataReader::next_read) {
            Some(range) => plain(&Slice { offset: range.offset as f64, length: range.length as f64 }),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// Gives the bytes at the offset asked for; fewer than asked for mean that the file ends there.
    pub fn supply(&mut self, offset: f64, bytes: &[u8]) -> Result<(), JsValue> {
        let reader = self.reader.as_mut().ok_or_else(already_finished)?;
        Ok(reader.supply(offset as u64, bytes).map_err(unreadable)?)
    }

    /// What was read. The reader is of no more use then.
    ///
    /// Throws as `readMetadata` does, and when slices are still wanted.
    #[wasm_bindgen(unchecked_return_type = "PhotoMetadata")]
    pub fn finish(&mut self) -> Result<JsValue, JsValue> {
        let reader = self.reader.take().ok_or_else(already_finished)?;
        plain(&reader.finish().map_err(unreadable)?)
    }
}

#[derive(Serialize)]
struct Slice {
    offset: f64,
    length: f64,
}

fn unreadable(error: MetadataError) -> JsFailure {
    JsFailure::lasting(error.code(), error)
}

fn already_finished() -> JsFailure {
    JsFailure::lasting("reader_finished", "This reader has finished: make another one for the next file.")
}

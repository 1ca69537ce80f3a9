//! Photos for JavaScript: what the camera knew, and smaller upright images of it.
//!
//! Calls are coarse: bytes are copied in once and out once. A resize takes as long as it takes, so in a
//! page it belongs in a worker.

use js_sys::{Array, Object, Reflect, Uint8Array};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use windlass_core::image::{EncodedImage, ImageError, Limits, ResizeOptions, resize_photo};
use windlass_core::metadata::{self, MetadataError};

use crate::js_error::JsFailure;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
import type { MetadataWarning } from "../../generated/MetadataWarning";
import type { PhotoMetadata } from "../../generated/PhotoMetadata";
import type { ResizeOptions } from "../../generated/ResizeOptions";

/** One encoded image, upright. */
export interface EncodedImage {
  name: string;
  content_type: string;
  width: number;
  height: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/** The images made of one photo, in the order asked for, and what was odd about the photo. */
export interface ResizeResult {
  images: EncodedImage[];
  warnings: MetadataWarning[];
}
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

/// Smaller, upright JPEGs of a photo, all from one decode.
///
/// Throws an `Error` with a `code`: `unsupported_format`, `incomplete`, `corrupt`, `too_large` … The
/// original can always be sent as it is.
#[wasm_bindgen(js_name = resizePhoto, unchecked_return_type = "ResizeResult")]
pub fn resize_photo_js(
    bytes: &[u8],
    #[wasm_bindgen(unchecked_param_type = "ResizeOptions")] options: JsValue,
) -> Result<JsValue, JsValue> {
    let options: ResizeOptions = serde_wasm_bindgen::from_value(options).map_err(|error| {
        JsFailure::invalid_options(format!("The resize options are not usable: {error}."))
    })?;
    let outcome = resize_photo(bytes, &options, &Limits::default()).map_err(not_made)?;
    let images: Array = outcome.images.iter().map(image_object).collect();
    let result = object(&[("images", images.into()), ("warnings", plain(&outcome.warnings)?)]);
    Ok(result)
}

#[derive(Serialize)]
struct Slice {
    offset: f64,
    length: f64,
}

fn image_object(image: &EncodedImage) -> JsValue {
    object(&[
        ("name", image.name.as_str().into()),
        ("content_type", image.content_type.into()),
        ("width", image.width.into()),
        ("height", image.height.into()),
        ("bytes", Uint8Array::from(image.bytes.as_slice()).into()),
    ])
}

fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        // Setting a property of an object made just now cannot fail.
        Reflect::set(&object, &(*name).into(), value).ok();
    }
    object.into()
}

/// A plain object, where absent is `null`.
fn plain(value: &impl Serialize) -> Result<JsValue, JsValue> {
    let serializer = Serializer::new().serialize_missing_as_null(true);
    Ok(value.serialize(&serializer).map_err(|error| JsFailure::lasting("unreadable_result", error))?)
}

fn unreadable(error: MetadataError) -> JsFailure {
    JsFailure::lasting(error.code(), error)
}

fn not_made(error: ImageError) -> JsFailure {
    JsFailure::lasting(error.code(), error)
}

fn already_finished() -> JsFailure {
    JsFailure::lasting("reader_finished", "This reader has finished: make another one for the next file.")
}

//! Smaller, upright pictures of a photo, for JavaScript.
//!
//! Calls are coarse, and the file's bytes are copied once: from the buffer JavaScript read them into, straight
//! to where they are decoded. A resize takes as long as it takes, so in a page it belongs in a worker.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use windlass_core::image::{EncodedImage, ImageError, Limits, ResizeOutcome};

use crate::js_error::JsFailure;
use crate::js_value::{object, plain};
use crate::options::resize_options;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
import type { MetadataWarning } from "../../generated/MetadataWarning";
import type { ResizeOptions } from "../../generated/ResizeOptions";

/** One encoded image, upright. */
export interface EncodedImage {
  name: string;
  content_type: string;
  width: number;
  height: number;
  bytes: Uint8Array<ArrayBuffer>;
  /** The original's own picture, not encoded again: it was upright, of this size, and hardly larger. */
  passed_through: boolean;
}

/**
 * The images made of one photo, in the order asked for, and what was odd about the photo; or the format of a
 * picture that another module decodes: `windlass_heic` where it is `HEIC`, else `windlass_codecs`.
 */
export type ResizeOutcome =
  | { kind: "made"; images: EncodedImage[]; warnings: MetadataWarning[] }
  | { kind: "needs_codecs"; format: string };
"#;

/// A file on its way to its smaller pictures: filled piece by piece, used once.
///
/// All its methods throw an `Error` with a `code`: `unsupported_format`, `incomplete`, `corrupt`, `too_large`,
/// `out_of_memory` … The original can always be sent as it is.
#[wasm_bindgen]
pub struct Picture {
    bytes: Vec<u8>,
    /// As many as were written without a gap.
    written_bytes: usize,
}

#[wasm_bindgen]
impl Picture {
    /// Room for a file of this many bytes.
    #[wasm_bindgen(constructor)]
    pub fn new(#[wasm_bindgen(js_name = fileSize)] file_size: f64) -> Result<Picture, JsValue> {
        // `as` rounds down and takes what is no size for zero; what is too large for wasm is too large to have.
        let size_bytes = file_size as usize;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(size_bytes).map_err(|_| not_made(ImageError::OutOfMemory))?;
        bytes.resize(size_bytes, 0);
        Ok(Self { bytes, written_bytes: 0 })
    }

    /// Gives the next piece of the file. What is beyond the size said before is not taken.
    pub fn push(&mut self, piece: &Uint8Array) {
        let room = self.bytes.get_mut(self.written_bytes..).unwrap_or_default();
        let length = room.len().min(piece.length() as usize);
        if let Some(room) = room.get_mut(..length) {
            piece.subarray(0, length as u32).copy_to(room);
            self.written_bytes += length;
        }
    }

    /// What was given so far.
    fn written(&self) -> &[u8] {
        self.bytes.get(..self.written_bytes).unwrap_or_default()
    }
}

#[cfg(feature = "photo")]
#[wasm_bindgen]
impl Picture {
    /// Tells from the first piece whether this picture is for another module: its format then, which is
    /// `HEIC` for `windlass_heic`, and any other for `windlass_codecs`.
    #[wasm_bindgen(js_name = needsCodecs, unchecked_return_type = "string | undefined")]
    pub fn needs_codecs(&self) -> Result<JsValue, JsValue> {
        let format = windlass_core::image::needs_codecs(self.written()).map_err(not_made)?;
        Ok(format.map_or(JsValue::UNDEFINED, name_of))
    }

    /// Smaller, upright JPEGs of a baseline JPEG, all from one decode. The picture is of no more use then.
    #[wasm_bindgen(js_name = resizeFast, unchecked_return_type = "ResizeOutcome")]
    pub fn resize_fast(
        self,
        #[wasm_bindgen(unchecked_param_type = "ResizeOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        use windlass_core::image::{FastOutcome, resize_fast};

        match resize_fast(self.written(), &resize_options(&options)?, &Limits::default()).map_err(not_made)? {
            FastOutcome::Made(outcome) => made(&outcome),
            FastOutcome::NeedsCodecs(format) => {
                Ok(object(&[("kind", "needs_codecs".into()), ("format", name_of(format))]))
            }
        }
    }
}

#[cfg(feature = "pixels")]
#[wasm_bindgen]
impl Picture {
    /// For a decoder outside, the browser's: proves that the picture is whole, and says what must be known before.
    /// The picture is of no more use then.
    #[wasm_bindgen(js_name = decodeExternally)]
    pub fn decode_externally(
        self,
        #[wasm_bindgen(unchecked_param_type = "ResizeOptions")] options: JsValue,
    ) -> Result<crate::external::ExternalDecode, JsValue> {
        let options = resize_options(&options)?;
        let decode = windlass_core::image::ExternalDecode::open(self.written(), &options, &Limits::default());
        Ok(crate::external::ExternalDecode::from(decode.map_err(not_made)?))
    }
}

#[cfg(feature = "codecs")]
#[wasm_bindgen]
impl Picture {
    /// Smaller, upright JPEGs of any picture but a HEIC, all from one decode. The picture is of no more use then.
    #[wasm_bindgen(js_name = resizeGeneral, unchecked_return_type = "ResizeOutcome")]
    pub fn resize_general(
        self,
        #[wasm_bindgen(unchecked_param_type = "ResizeOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        use windlass_core::image::resize_general;

        made(
            &resize_general(self.written(), &resize_options(&options)?, &Limits::default())
                .map_err(not_made)?,
        )
    }
}

#[cfg(feature = "heic")]
#[wasm_bindgen]
impl Picture {
    /// Smaller, upright JPEGs of a HEIC, all from one decode. The picture is of no more use then.
    #[wasm_bindgen(js_name = resizeHeic, unchecked_return_type = "ResizeOutcome")]
    pub fn resize_heic(
        self,
        #[wasm_bindgen(unchecked_param_type = "ResizeOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        use windlass_core::image::resize_heic;

        made(&resize_heic(self.written(), &resize_options(&options)?, &Limits::default()).map_err(not_made)?)
    }
}

pub(crate) fn made(outcome: &ResizeOutcome) -> Result<JsValue, JsValue> {
    let images: Array = outcome.images.iter().map(image_object).collect();
    Ok(object(&[("kind", "made".into()), ("images", images.into()), ("warnings", plain(&outcome.warnings)?)]))
}

fn image_object(image: &EncodedImage) -> JsValue {
    object(&[
        ("name", image.name.as_str().into()),
        ("content_type", image.content_type.into()),
        ("width", image.width.into()),
        ("height", image.height.into()),
        ("bytes", Uint8Array::from(image.bytes.as_slice()).into()),
        ("passed_through", image.passed_through.into()),
    ])
}

#[cfg(feature = "photo")]
fn name_of(format: windlass_core::image::PictureFormat) -> JsValue {
    format.to_string().into()
}

pub(crate) fn not_made(error: ImageError) -> JsFailure {
    JsFailure::lasting(error.code(), error)
}

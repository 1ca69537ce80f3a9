//! A picture that the browser decodes, for JavaScript: what must be known before, and where its pixels go.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use windlass_core::image;

use crate::js_value::{object, plain};
use crate::picture::{made, not_made};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** One image as pixels, upright: red, green, blue, alpha; and the EXIF block its file is to carry. */
export interface PixelImage {
  name: string;
  width: number;
  height: number;
  quality: number;
  rgba: Uint8Array<ArrayBuffer>;
  exif: Uint8Array<ArrayBuffer> | undefined;
}

export interface PixelOutcome {
  images: PixelImage[];
  warnings: MetadataWarning[];
}
"#;

/// One picture on its way through the browser's decoder: read what is asked, `begin`, `push` the rows, `finish`.
#[wasm_bindgen]
pub struct ExternalDecode(image::ExternalDecode);

impl From<image::ExternalDecode> for ExternalDecode {
    fn from(decode: image::ExternalDecode) -> Self {
        Self(decode)
    }
}

#[wasm_bindgen]
impl ExternalDecode {
    /// Whether pixels in sRGB are all that there is: no wider colours, and no inks.
    #[wasm_bindgen(getter, js_name = isSrgb)]
    #[must_use]
    pub fn is_srgb(&self) -> bool {
        self.0.is_srgb()
    }

    /// How the container says that the stored picture has to be turned, 1 to 8: only HEIC and AVIF do.
    #[wasm_bindgen(getter, js_name = containerOrientation)]
    #[must_use]
    pub fn container_orientation(&self) -> u8 {
        self.0.container_orientation()
    }

    /// Where two bytes are to be zero in the decoder's copy, so that it has no EXIF to turn by.
    #[wasm_bindgen(getter, js_name = exifOffset)]
    #[must_use]
    pub fn exif_offset(&self) -> Option<f64> {
        self.0.exif_offset().map(|offset| offset as f64)
    }

    /// The smallest width that is of use, of the picture as stored, in pixels.
    #[wasm_bindgen(getter, js_name = usefulWidth)]
    #[must_use]
    pub fn useful_width(&self) -> u32 {
        self.0.useful_size().0
    }

    /// The smallest height that is of use, of the picture as stored, in pixels.
    #[wasm_bindgen(getter, js_name = usefulHeight)]
    #[must_use]
    pub fn useful_height(&self) -> u32 {
        self.0.useful_size().1
    }

    /// Takes note of what the decoder gives: width and height in pixels, and whether it is upright already.
    /// Throws `unsupported_format` when that cannot be this picture.
    pub fn begin(
        &mut self,
        width: u32,
        height: u32,
        #[wasm_bindgen(js_name = isUpright)] is_upright: bool,
    ) -> Result<(), JsValue> {
        Ok(self.0.begin((width, height), is_upright).map_err(not_made)?)
    }

    /// Gives the next rows: red, green, blue, alpha; an even number of them unless they are the last.
    pub fn push(&mut self, rows: &[u8]) {
        self.0.push(rows);
    }

    /// Makes the images' pixels, for the browser's encoder.
    #[wasm_bindgen(js_name = finishPixels, unchecked_return_type = "PixelOutcome")]
    pub fn finish_pixels(self) -> Result<JsValue, JsValue> {
        let (images, warnings) = self.0.finish_pixels().map_err(not_made)?;
        let images: Array = images.iter().map(image_object).collect();
        Ok(object(&[("images", images.into()), ("warnings", plain(&warnings)?)]))
    }

    /// Makes the images.
    #[wasm_bindgen(unchecked_return_type = "ResizeOutcome")]
    pub fn finish(self) -> Result<JsValue, JsValue> {
        made(&self.0.finish().map_err(not_made)?)
    }
}

fn image_object(image: &image::PixelImage) -> JsValue {
    let exif = image.exif.as_deref();
    object(&[
        ("name", image.name.as_str().into()),
        ("width", image.width.into()),
        ("height", image.height.into()),
        ("quality", f64::from(image.quality).into()),
        ("rgba", Uint8Array::from(image.rgba.as_slice()).into()),
        ("exif", exif.map_or(JsValue::UNDEFINED, |block| Uint8Array::from(block).into())),
    ])
}

/// The same still WebP in a file that carries this EXIF block, which the browser's encoder knows nothing of.
#[wasm_bindgen(js_name = webpWithExif, unchecked_return_type = "Uint8Array<ArrayBuffer>")]
pub fn webp_with_exif(webp: &[u8], exif: Option<Vec<u8>>) -> Result<Vec<u8>, JsValue> {
    Ok(image::webp_with_metadata(webp, exif.as_deref(), None).map_err(not_made)?)
}

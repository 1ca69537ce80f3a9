//! Resize options as JavaScript gives them.
//!
//! Read by hand: serde's reader takes as much of the download as all the metadata parsers together, most of it
//! to print numbers in messages. A field that is not read here leaves its struct unfinished, so none is forgotten.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use windlass_core::image::{ColorPolicy, MetadataPolicy, ResizeOptions, VariantOptions};

use crate::js_error::JsFailure;

/// The options, or a sentence that names the property that is wrong.
pub(crate) fn resize_options(options: &JsValue) -> Result<ResizeOptions, JsFailure> {
    refuse_unknown(options, "the options", &["variants", "metadata", "color"])?;
    let variants = property(options, "variants");
    let variants = variants.dyn_ref::<Array>().ok_or_else(|| wrong("variants", "a list of images"))?;
    Ok(ResizeOptions {
        variants: variants.iter().map(|variant| variant_options(&variant)).collect::<Result<_, _>>()?,
        metadata: match text(options, "metadata")?.as_deref() {
            None => MetadataPolicy::default(),
            Some("keep") => MetadataPolicy::Keep,
            Some("strip-location") => MetadataPolicy::StripLocation,
            Some("strip") => MetadataPolicy::Strip,
            Some(_) => return Err(wrong("metadata", "`keep`, `strip-location` or `strip`")),
        },
        color: match text(options, "color")?.as_deref() {
            None | Some("keep") => ColorPolicy::Keep,
            Some("srgb") => ColorPolicy::Srgb,
            Some(_) => return Err(wrong("color", "`keep` or `srgb`")),
        },
    })
}

fn variant_options(variant: &JsValue) -> Result<VariantOptions, JsFailure> {
    refuse_unknown(variant, "variants", &["name", "max_edge", "quality"])?;
    let max_edge = property(variant, "max_edge").as_f64().filter(|edge| (*edge as u32) as f64 == *edge);
    let quality = property(variant, "quality");
    Ok(VariantOptions {
        name: text(variant, "name")?.ok_or_else(|| wrong("name", "a text"))?,
        max_edge: max_edge.ok_or_else(|| wrong("max_edge", "a whole number of pixels"))? as u32,
        quality: if quality.is_undefined() {
            VariantOptions::DEFAULT_QUALITY
        } else {
            quality.as_f64().ok_or_else(|| wrong("quality", "a number from 0 to 1"))? as f32
        },
    })
}

/// A misspelt option must not pass for one that was left out.
fn refuse_unknown(given: &JsValue, what: &str, known: &[&str]) -> Result<(), JsFailure> {
    if !given.is_object() {
        return Err(unusable(format_args!("{what} must be an object")));
    }
    for name in Object::keys(given.unchecked_ref::<Object>()).iter().filter_map(|name| name.as_string()) {
        if !known.contains(&name.as_str()) {
            return Err(unusable(format_args!("{what} have no “{name}”")));
        }
    }
    Ok(())
}

/// `undefined` where there is none.
fn property(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

fn text(of: &JsValue, name: &str) -> Result<Option<String>, JsFailure> {
    let value = property(of, name);
    if value.is_undefined() {
        return Ok(None);
    }
    value.as_string().map(Some).ok_or_else(|| wrong(name, "a text"))
}

fn wrong(name: &str, wanted: &str) -> JsFailure {
    unusable(format_args!("{name} must be {wanted}"))
}

fn unusable(reason: std::fmt::Arguments<'_>) -> JsFailure {
    JsFailure::invalid_options(format!("The resize options are not usable: {reason}."))
}

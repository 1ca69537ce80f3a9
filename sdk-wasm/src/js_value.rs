//! Values as JavaScript gets them: plain objects.

use js_sys::{Object, Reflect};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

use crate::js_error::JsFailure;

/// A plain object, where absent is `null`.
pub(crate) fn plain(value: &impl Serialize) -> Result<JsValue, JsValue> {
    let serializer = Serializer::new().serialize_missing_as_null(true);
    Ok(value.serialize(&serializer).map_err(|error| JsFailure::lasting("unreadable_result", error))?)
}

/// An object of these properties.
pub(crate) fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        // Setting a property of an object made just now cannot fail.
        Reflect::set(&object, &(*name).into(), value).ok();
    }
    object.into()
}

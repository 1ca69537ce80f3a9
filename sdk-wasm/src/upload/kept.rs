//! What an earlier page has left in the browser: the core's decision about it, for the worker that keeps.

use serde::Serialize;
use serde_wasm_bindgen::{Deserializer, Serializer};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use windlass_core::kept::{Found, Resuming, plan};

use super::description::read;

/// What to do with a kept record: `record` as it lies in the database, `found: Found` what lies beside it,
/// `who: Resuming`. Gives a `Resumption`, whatever the record is.
///
/// Throws an `Error` with `code: "invalid_options"` where one of the other two is wrong.
#[wasm_bindgen(js_name = planResume)]
pub fn plan_resume(record: JsValue, found: JsValue, who: JsValue) -> Result<JsValue, JsValue> {
    let found: Found = read("found", found)?;
    let who: Resuming = read("who", who)?;
    let planned = plan(Deserializer::from(record), &found, &who);
    Ok(planned.serialize(&Serializer::json_compatible())?)
}

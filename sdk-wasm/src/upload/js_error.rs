//! Errors as JavaScript gets them: a real `Error` with a stable `code` and `retryable`.

use js_sys::{Error, Reflect};
use wasm_bindgen::JsValue;

/// An `Error` for an argument that is wrong; the message says which, and what is wanted.
pub(super) fn invalid_options(message: &str) -> JsValue {
    error("invalid_options", message)
}

/// An `Error` with a code. Everything this shell throws is the caller's to mend: nothing is retryable.
pub(super) fn error(code: &str, message: &str) -> JsValue {
    let error = Error::new(message);
    error.set_name("WindlassError");
    // Setting a property of an object made just now cannot fail.
    Reflect::set(&error, &"code".into(), &code.into()).ok();
    Reflect::set(&error, &"retryable".into(), &false.into()).ok();
    error.into()
}

/// What a thrown value says, for people.
pub(super) fn message_of(thrown: &JsValue) -> String {
    let message = Reflect::get(thrown, &"message".into()).ok().and_then(|message| message.as_string());
    message.or_else(|| thrown.as_string()).unwrap_or_else(|| "no reason was given".to_owned())
}

//! Errors as JavaScript gets them: a real `Error` with a stable `code` and `retryable`.

use js_sys::{Error, Reflect};
use wasm_bindgen::JsValue;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsFailure {
    /// Stable, for programs.
    pub(crate) code: &'static str,
    /// A sentence, for people.
    pub(crate) message: String,
    /// Whether the same call may succeed later without anybody changing anything.
    pub(crate) retryable: bool,
}

impl JsFailure {
    /// A failure that only a change of the call or of the file mends.
    pub(crate) fn lasting(code: &'static str, message: impl ToString) -> Self {
        Self { code, message: message.to_string(), retryable: false }
    }

    /// An argument is wrong; the message says which, and what is wanted.
    pub(crate) fn invalid_options(message: impl ToString) -> Self {
        Self::lasting("invalid_options", message)
    }
}

impl From<JsFailure> for JsValue {
    fn from(JsFailure { code, message, retryable }: JsFailure) -> Self {
        let error = Error::new(&message);
        error.set_name("WindlassError");
        // Setting a property of an object made just now cannot fail.
        Reflect::set(&error, &"code".into(), &code.into()).ok();
        Reflect::set(&error, &"retryable".into(), &retryable.into()).ok();
        error.into()
    }
}

/// What a thrown value says, for people.
#[cfg(feature = "upload")]
pub(crate) fn message_of(thrown: &JsValue) -> String {
    let message = Reflect::get(thrown, &"message".into()).ok().and_then(|message| message.as_string());
    message.or_else(|| thrown.as_string()).unwrap_or_else(|| "no reason was given".to_owned())
}

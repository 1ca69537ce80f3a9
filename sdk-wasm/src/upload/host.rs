//! What the queue asks of the code around it: a token, and to be listened to.

use js_sys::{Function, Promise, Reflect};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use windlass_core::upload::UploadEvent;

use crate::js_error::{JsFailure, message_of};

/// The `host` object given to the queue.
#[derive(Clone)]
pub(super) struct Host {
    this: JsValue,
    token: Function,
    on_event: Function,
}

impl Host {
    /// Refuses an object that lacks one of the functions.
    pub fn new(host: JsValue) -> Result<Self, JsValue> {
        let function = |name: &str| {
            let value = Reflect::get(&host, &name.into()).unwrap_or_default();
            value
                .dyn_into::<Function>()
                .map_err(|_| JsFailure::invalid_options(format!("host.{name} must be a function.")))
        };
        Ok(Self { token: function("token")?, on_event: function("onEvent")?, this: host })
    }

    /// Asks for a token; the error is what the application said.
    pub async fn token(&self) -> Result<String, String> {
        let promised = self.token.call0(&self.this).map_err(|thrown| message_of(&thrown))?;
        let token =
            JsFuture::from(Promise::resolve(&promised)).await.map_err(|thrown| message_of(&thrown))?;
        match token.as_string() {
            Some(token) if !token.is_empty() => Ok(token),
            _ => Err("The application's token function gave no text".to_owned()),
        }
    }

    /// Tells an event. What a listener throws is its own affair, and must not stop the uploads.
    pub fn tell(&self, event: &UploadEvent) {
        if let Ok(event) = event.serialize(&Serializer::json_compatible())
            && let Err(thrown) = self.on_event.call1(&self.this, &event)
        {
            web_sys::console::error_2(&"windlass: an event listener failed".into(), &thrown);
        }
    }
}

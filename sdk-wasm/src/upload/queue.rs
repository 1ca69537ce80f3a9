//! `UploadQueue`: what JavaScript sees of the upload engine.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Blob;
use windlass_core::upload::{EngineConfig, Input, Target};
use windlass_protocol::{ClientRef, InvalidId};

use super::description::{FileDescription, QueueConfig, read};
use super::driver::Driver;
use super::host::Host;
use crate::js_error::JsFailure;

/// Uploads any number of files, a few at a time, until each is stored and verified or cannot be.
///
/// Lives in a dedicated Web Worker. All methods return at once; what becomes of the files is told to
/// `host.onEvent`, one `stored`, `failed` or `cancelled` per file and nothing about it afterwards.
#[wasm_bindgen]
pub struct UploadQueue {
    driver: Rc<Driver>,
}

#[wasm_bindgen]
impl UploadQueue {
    /// `config` is `{endpoint, project, seed?, max_connections?, give_up_after_ms?, weak_signal?}`; `host` has `token(): Promise<string>`
    /// and `onEvent(event: UploadEvent): void`. The token is kept in memory only.
    ///
    /// Throws an `Error` with `code: "invalid_options"` where one of them is wrong.
    #[wasm_bindgen(constructor)]
    pub fn new(config: JsValue, host: JsValue) -> Result<UploadQueue, JsValue> {
        let config: QueueConfig = read("config", config)?;
        let seed = config.seed.unwrap_or_else(js_sys::Math::random).to_bits();
        let mut engine = EngineConfig::new(config.project, seed);
        if let Some(max_connections) = config.max_connections {
            engine.connections_max = max_connections;
        }
        engine.give_up_after_ms = config.give_up_after_ms;
        engine.weak_signal = config.weak_signal.unwrap_or(true);
        let endpoint = config.endpoint.trim_end_matches('/').to_owned();
        Ok(Self { driver: Driver::new(endpoint, engine, Host::new(host)?)? })
    }

    /// Adds a file. `clientRef` is the application's name for it and the idempotency key: the same one
    /// for the same file gives the same upload. The file and its variants are kept until it has ended.
    ///
    /// Throws an `Error` with `code` `invalid_options` where an argument is wrong, `client_ref_conflict`
    /// where an upload of that name is on its way.
    pub fn add(
        &self,
        #[wasm_bindgen(js_name = clientRef)] client_ref: String,
        file: Blob,
        description: JsValue,
    ) -> Result<(), JsValue> {
        let client_ref = parse(&client_ref)?;
        let description: FileDescription = read("description", description)?;
        if self.driver.contains(&client_ref) {
            return Err(JsFailure::lasting(
                "client_ref_conflict",
                format!("{client_ref} is on its way already."),
            )
            .into());
        }
        let (upload, blobs) = description.into_upload(client_ref, file);
        self.driver.add(upload, blobs);
        Ok(())
    }

    /// Makes one upload wait, or all. Bytes in flight are dropped; what is stored stays stored.
    pub fn pause(
        &self,
        #[wasm_bindgen(js_name = clientRef)] client_ref: Option<String>,
    ) -> Result<(), JsValue> {
        self.driver.feed(Input::Pause(target(client_ref)?));
        Ok(())
    }

    /// Lets one upload go on, or all.
    pub fn resume(
        &self,
        #[wasm_bindgen(js_name = clientRef)] client_ref: Option<String>,
    ) -> Result<(), JsValue> {
        self.driver.feed(Input::Resume(target(client_ref)?));
        Ok(())
    }

    /// Gives one upload up, or all: what was stored of it is removed.
    pub fn cancel(
        &self,
        #[wasm_bindgen(js_name = clientRef)] client_ref: Option<String>,
    ) -> Result<(), JsValue> {
        self.driver.feed(Input::Cancel(target(client_ref)?));
        Ok(())
    }

    /// What the browser believes about the network: a hint, and a reason to try again at once.
    #[wasm_bindgen(js_name = setOnline)]
    pub fn set_online(&self, online: bool) {
        self.driver.feed(Input::Online(online));
    }

    /// Whether originals wait for a better network: smaller pictures go all the same, and so does what has
    /// begun.
    #[wasm_bindgen(js_name = setOriginalsWait)]
    pub fn set_originals_wait(&self, wait: bool) {
        self.driver.feed(Input::OriginalsWait(wait));
    }
}

impl Drop for UploadQueue {
    fn drop(&mut self) {
        self.driver.close();
    }
}

fn target(client_ref: Option<String>) -> Result<Target, JsValue> {
    client_ref.map_or(Ok(Target::All), |text| parse(&text).map(Target::One))
}

fn parse(client_ref: &str) -> Result<ClientRef, JsValue> {
    client_ref
        .parse()
        .map_err(|wrong: InvalidId| JsFailure::invalid_options(format!("clientRef: {wrong}.")).into())
}

//! What JavaScript says about the queue and about a file that is added.

use serde::Deserialize;
use wasm_bindgen::JsValue;
use web_sys::Blob;
use windlass_core::upload::{NewUpload, NewVariant};
use windlass_protocol::{ClientRef, PhotoMetadata, ProjectId};

use crate::js_error::JsFailure;

/// The queue's `config`.
#[derive(Deserialize)]
pub(super) struct QueueConfig {
    /// The service's address, `https://api.example.com`, or nothing for the worker's own origin.
    pub endpoint: String,
    /// The project the photos belong to.
    pub project: ProjectId,
    /// Where jitter comes from; drawn by the browser when absent.
    #[serde(default)]
    pub seed: Option<f64>,
    /// PUTs in flight at most.
    #[serde(default)]
    pub max_connections: Option<u32>,
    /// An upload is given up after so long without success, in milliseconds; never when absent.
    #[serde(default)]
    pub give_up_after_ms: Option<u64>,
    /// Whether bytes go in small pieces where the line is weak; yes when absent.
    #[serde(default)]
    pub weak_signal: Option<bool>,
}

/// The `description` of a file.
#[derive(Deserialize)]
pub(super) struct FileDescription {
    filename: String,
    content_type: String,
    #[serde(default)]
    metadata: Option<PhotoMetadata>,
    #[serde(default)]
    variants: Option<Vec<VariantDescription>>,
    /// Whether an earlier session may have sent some of it.
    #[serde(default)]
    resumed: bool,
    /// Whether it is sent even if these very bytes were sent before.
    #[serde(default)]
    again: bool,
}

#[derive(Deserialize)]
struct VariantDescription {
    name: String,
    content_type: String,
    width: u32,
    height: u32,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    blob: Blob,
}

/// A file's blobs, for as long as it is on its way.
pub(super) struct Blobs {
    pub original: Blob,
    pub variants: Vec<Blob>,
}

/// Reads a value of JavaScript, or throws what is wrong with it.
pub(super) fn read<T: serde::de::DeserializeOwned>(what: &str, value: JsValue) -> Result<T, JsValue> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|wrong| JsFailure::invalid_options(format!("{what}: {wrong}.")).into())
}

impl FileDescription {
    /// The upload this describes, and its blobs.
    pub fn into_upload(self, client_ref: ClientRef, original: Blob) -> (NewUpload, Blobs) {
        let described = self.variants.unwrap_or_default();
        let mut variants = Vec::with_capacity(described.len());
        let mut blobs = Vec::with_capacity(described.len());
        for variant in described {
            variants.push(NewVariant {
                name: variant.name,
                content_type: variant.content_type,
                size_bytes: variant.blob.size() as u64,
                width: variant.width,
                height: variant.height,
            });
            blobs.push(variant.blob);
        }
        // Browsers know no type for some files (HEIC on many); what was read from the bytes is better.
        let known = || self.metadata.as_ref().and_then(|metadata| metadata.content_type.clone());
        let content_type = Some(self.content_type)
            .filter(|text| !text.is_empty())
            .or_else(known)
            .unwrap_or_else(|| "application/octet-stream".to_owned());
        let upload = NewUpload {
            client_ref,
            filename: self.filename,
            content_type,
            size_bytes: original.size() as u64,
            metadata: self.metadata,
            variants,
            resumed: self.resumed,
            again: self.again,
        };
        (upload, Blobs { original, variants: blobs })
    }
}

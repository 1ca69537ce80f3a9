//! Reading a record that may be of another version, or damaged. A field that cannot be read is taken for
//! absent: while the bytes are there, a photo is not given up for the sake of what can be made anew.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use windlass_protocol::ClientRef;

use super::record::{KeptBytes, KeptDescription, KeptUpload, SCHEMA};

/// A record as it was found.
pub(super) enum Read {
    /// As this build writes it, or as good as.
    Usable(Box<KeptUpload>),
    /// Written by a newer build.
    Newer,
    /// Whose it is cannot be read, or belongs to nobody that can be named.
    Unowned,
    /// Not even the name of the upload can be read.
    Corrupt,
}

/// A field that is there and as expected, or is not.
struct Field<T>(Option<T>);

impl<T> Default for Field<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either<T> {
            Good(T),
            Bad(IgnoredAny),
        }
        Ok(Self(match Either::deserialize(deserializer)? {
            Either::Good(value) => Some(value),
            Either::Bad(IgnoredAny) => None,
        }))
    }
}

/// Every field on its own, so that one bad field spoils no other.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Raw {
    schema: Field<u32>,
    client_ref: Field<ClientRef>,
    subject: Field<Option<String>>,
    filename: Field<String>,
    content_type: Field<String>,
    size_bytes: Field<u64>,
    last_modified_ms: Field<Option<f64>>,
    chosen_at_ms: Field<f64>,
    paused: Field<bool>,
    again: Field<bool>,
    bytes: Field<KeptBytes>,
    prepared: Field<Option<KeptDescription>>,
}

/// Reads a record; `found_bytes` is the size of the bytes that lie beside it.
pub(super) fn read<'de, D: Deserializer<'de>>(record: D, found_bytes: Option<u64>) -> Read {
    let Ok(raw) = Raw::deserialize(record) else { return Read::Corrupt };
    // Without a version it was not written by us, or not to its end.
    let schema = raw.schema.0.unwrap_or(0);
    if schema > SCHEMA {
        return Read::Newer;
    }
    let Some(client_ref) = raw.client_ref.0 else { return Read::Corrupt };
    let Some(subject) = raw.subject.0 else { return Read::Unowned };
    // Where the bytes are is written only after all of them are there: their own size is then the file's.
    let Some(size_bytes) = raw.size_bytes.0.or(found_bytes) else { return Read::Corrupt };
    Read::Usable(Box::new(KeptUpload {
        schema: SCHEMA,
        client_ref,
        subject,
        filename: raw.filename.0.filter(|name| !name.is_empty()).unwrap_or_else(|| "file".to_owned()),
        content_type: raw.content_type.0.unwrap_or_default(),
        size_bytes,
        last_modified_ms: raw.last_modified_ms.0.flatten(),
        chosen_at_ms: raw.chosen_at_ms.0.filter(|at| at.is_finite()).unwrap_or(0.0),
        paused: raw.paused.0.unwrap_or(false),
        // Records of builds before it have none. What the service knows by its own name goes on either way.
        again: raw.again.0.unwrap_or(false),
        bytes: raw.bytes.0.unwrap_or(KeptBytes::None),
        // What an older build made of a file may not be what this one announces: it is made anew.
        prepared: raw.prepared.0.flatten().filter(|_| schema == SCHEMA),
    }))
}

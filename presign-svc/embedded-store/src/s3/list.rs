//! Listing objects: prefix, delimiter, pages (`ListObjectsV2`).

use std::ops::Bound;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    ChecksumAlgorithm, CommonPrefix, EncodingType, ListObjectsV2Input, ListObjectsV2Output, Object,
    ObjectStorageClass,
};
use s3s::{S3Result, s3_error};

use super::errors;
use super::fields::{count, etag, page_size, signed, timestamp, write_type};
use crate::store::EmbeddedStore;

/// Keys asked for at once while a page is put together.
const BATCH: usize = 1000;

/// One line of a listing: an object, or all keys that share a prefix up to the delimiter.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Key(String),
    Prefix(String),
}

impl Entry {
    /// Where the listing goes on after this entry.
    fn after(&self) -> Bound<String> {
        match self {
            Self::Key(key) => Bound::Excluded(key.clone()),
            // Past every key of the prefix, but for those that go on with U+10FFFF, which the
            // comparison with the last entry catches.
            Self::Prefix(prefix) => Bound::Excluded(format!("{prefix}{}", char::MAX)),
        }
    }

    fn to_token(&self) -> String {
        let (kind, text) = match self {
            Self::Key(key) => ("k", key),
            Self::Prefix(prefix) => ("p", prefix),
        };
        URL_SAFE_NO_PAD.encode(format!("{kind}{text}"))
    }

    fn from_token(token: &str) -> S3Result<Self> {
        let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match text.as_deref().and_then(|text| text.split_at_checked(1)) {
            Some(("k", key)) => Ok(Self::Key(key.to_owned())),
            Some(("p", prefix)) => Ok(Self::Prefix(prefix.to_owned())),
            _ => Err(s3_error!(InvalidArgument, "The continuation token provided is incorrect")),
        }
    }
}

impl EmbeddedStore {
    pub(super) async fn list_objects_v2(&self, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
        let page = page_size(input.max_keys, "max-keys")?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let delimiter = input.delimiter.clone().filter(|delimiter| !delimiter.is_empty());
        let last_entry = input.continuation_token.as_deref().map(Entry::from_token).transpose()?;
        let start = match (&last_entry, &input.start_after) {
            (Some(entry), _) => entry.after(),
            (None, Some(after)) => Bound::Excluded(after.clone()),
            (None, None) => Bound::Unbounded,
        };
        let (entries, truncated) =
            self.entries(&prefix, delimiter.as_deref(), start, last_entry, page).await?;

        let url_encoded = input.encoding_type.as_ref().is_some_and(|kind| kind.as_str() == EncodingType::URL);
        let written = |text: String| if url_encoded { percent_encode(&text) } else { text };
        let next_continuation_token = entries.last().filter(|_| truncated).map(Entry::to_token);
        let key_count = count(entries.len());
        let (mut contents, mut common_prefixes) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry {
                Entry::Prefix(prefix) => common_prefixes.push(CommonPrefix { prefix: Some(written(prefix)) }),
                // One that was deleted meanwhile is left out.
                Entry::Key(key) => contents.extend(self.describe(&key, &written).await?),
            }
        }
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(written(prefix)),
            delimiter: input.delimiter.map(written),
            start_after: input.start_after.map(written),
            max_keys: Some(count(page)),
            key_count: Some(key_count),
            continuation_token: input.continuation_token,
            next_continuation_token,
            is_truncated: Some(truncated),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            encoding_type: input.encoding_type,
            ..ListObjectsV2Output::default()
        })
    }

    /// A page of entries after `start`, and whether there are more.
    async fn entries(
        &self,
        prefix: &str,
        delimiter: Option<&str>,
        start: Bound<String>,
        mut last_entry: Option<Entry>,
        page: usize,
    ) -> S3Result<(Vec<Entry>, bool)> {
        let mut entries = Vec::new();
        let mut from = match start {
            Bound::Excluded(after) if after.as_str() >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix.to_owned()),
        };
        'batches: loop {
            let keys = self.inner.objects.keys_from(from, BATCH).await.map_err(errors::disk)?;
            let whole_batch = keys.len() == BATCH;
            let Some(last_key) = keys.last().cloned() else { break };
            from = Bound::Excluded(last_key.to_string());
            for key in keys {
                let Some(rest) = key.strip_prefix(prefix) else { break 'batches };
                let grouped = delimiter
                    .and_then(|delimiter| Some((rest.split_once(delimiter)?.0, delimiter)))
                    .map(|(head, delimiter)| Entry::Prefix(format!("{prefix}{head}{delimiter}")));
                if grouped.is_some() && grouped == last_entry {
                    continue;
                }
                if entries.len() == page {
                    return Ok((entries, true));
                }
                let is_group = grouped.is_some();
                let entry = grouped.unwrap_or_else(|| Entry::Key(key.to_string()));
                last_entry = Some(entry.clone());
                let after = entry.after();
                entries.push(entry);
                if is_group {
                    // The other keys of the group may be many: go on behind them.
                    from = after;
                    continue 'batches;
                }
            }
            if !whole_batch {
                break;
            }
        }
        Ok((entries, false))
    }

    async fn describe(&self, key: &str, written: &impl Fn(String) -> String) -> S3Result<Option<Object>> {
        let object = self.inner.objects.find(key).await.map_err(errors::disk)?;
        Ok(object.map(|object| Object {
            key: Some(written(object.key)),
            size: Some(signed(object.size_bytes)),
            e_tag: Some(etag(&object.etag)),
            last_modified: Some(timestamp(object.last_modified)),
            checksum_algorithm: Some(vec![ChecksumAlgorithm::from_static(
                object.checksum.algorithm.s3_name(),
            )]),
            checksum_type: Some(write_type(object.checksum_type)),
            storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
            ..Object::default()
        }))
    }
}

/// What `encoding-type=url` leaves as it is: unreserved characters (RFC 3986) and the slash.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_carry_an_entry_there_and_back() {
        for entry in [Entry::Key("a/b ü.jpg".into()), Entry::Prefix("a/".into()), Entry::Key(String::new())]
        {
            assert_eq!(Entry::from_token(&entry.to_token()).unwrap(), entry);
        }
        assert!(Entry::from_token("garbage").is_err());
        assert!(Entry::from_token("").is_err());
    }

    #[test]
    fn keys_are_encoded_as_in_a_url() {
        assert_eq!(percent_encode("a b/ü+\u{1}"), "a%20b/%C3%BC%2B%01");
    }
}

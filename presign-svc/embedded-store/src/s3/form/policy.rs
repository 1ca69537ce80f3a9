//! What a policy allows: until when, which fields with which values, and how many bytes. A field that no
//! condition speaks of is refused.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};
use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Fields;

/// A policy whose signature was checked.
#[derive(Debug)]
pub(super) struct Policy {
    expiration: OffsetDateTime,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    Equals { field: String, value: String },
    StartsWith { field: String, prefix: String },
    Size(RangeInclusive<u64>),
}

#[derive(Deserialize)]
struct Document {
    expiration: String,
    conditions: Vec<Value>,
}

impl Policy {
    /// Reads a policy in base64.
    pub(super) fn parse(base64: &str) -> S3Result<Self> {
        let invalid = |what: &str| s3_error!(InvalidPolicyDocument, "Invalid Policy: {what}.");
        let json = STANDARD.decode(base64).map_err(|_| invalid("it is not base64"))?;
        let document: Document = serde_json::from_slice(&json).map_err(|_| invalid("Invalid JSON"))?;
        let expiration = OffsetDateTime::parse(&document.expiration, &Rfc3339)
            .map_err(|_| invalid("the expiration is no time"))?;
        let conditions = document
            .conditions
            .iter()
            .map(|condition| {
                Condition::parse(condition).ok_or_else(|| invalid("a condition is not understood"))
            })
            .collect::<S3Result<_>>()?;
        Ok(Self { expiration, conditions })
    }

    /// Which sizes a form with these fields may bring to the bucket now; a refusal where it may not at all.
    pub(super) fn sizes_for(
        &self,
        fields: &Fields,
        bucket: &str,
        now: OffsetDateTime,
    ) -> S3Result<RangeInclusive<u64>> {
        if now >= self.expiration {
            return Err(refused("Policy expired."));
        }
        if fields.get("bucket").is_some_and(|named| named != bucket) {
            return Err(refused("the form names another bucket."));
        }
        let value = |name: &str| match name {
            "bucket" => bucket,
            name => fields.get(name).map(String::as_str).unwrap_or_default(),
        };
        let mut sizes = 0..=u64::MAX;
        for condition in &self.conditions {
            let holds = match condition {
                Condition::Equals { field, value: wanted } => value(field) == wanted,
                Condition::StartsWith { field, prefix } => value(field).starts_with(prefix.as_str()),
                Condition::Size(range) => {
                    sizes = *sizes.start().max(range.start())..=*sizes.end().min(range.end());
                    true
                }
            };
            if !holds {
                return Err(refused(&format!("Policy Condition failed: {}", condition.in_words())));
            }
        }
        match fields.keys().find(|name| !self.speaks_of(name)) {
            Some(extra) => Err(refused(&format!("Extra input fields: {extra}"))),
            None => Ok(sizes),
        }
    }

    fn speaks_of(&self, name: &str) -> bool {
        matches!(name, "policy" | "x-amz-signature" | "submit")
            || name.starts_with("x-ignore-")
            || self.conditions.iter().any(|condition| match condition {
                Condition::Equals { field, .. } | Condition::StartsWith { field, .. } => field == name,
                Condition::Size(_) => false,
            })
    }
}

impl Condition {
    /// `{"field": "value"}`, `["eq", "$field", "value"]`, `["starts-with", "$field", "prefix"]` or
    /// `["content-length-range", 1, 10]`.
    fn parse(json: &Value) -> Option<Self> {
        match json {
            Value::Object(object) => Self::of_object(object),
            Value::Array(items) => match items.as_slice() {
                [operator, a, b] => Self::of_list(operator.as_str()?, a, b),
                _ => None,
            },
            _ => None,
        }
    }

    fn of_object(object: &Map<String, Value>) -> Option<Self> {
        let mut entries = object.iter();
        let (Some((field, value)), None) = (entries.next(), entries.next()) else { return None };
        Some(Self::Equals { field: field.to_ascii_lowercase(), value: value.as_str()?.to_owned() })
    }

    fn of_list(operator: &str, a: &Value, b: &Value) -> Option<Self> {
        let field = || Some(a.as_str()?.strip_prefix('$')?.to_ascii_lowercase());
        let text = || b.as_str().map(str::to_owned);
        match operator.to_ascii_lowercase().as_str() {
            "eq" => Some(Self::Equals { field: field()?, value: text()? }),
            "starts-with" => Some(Self::StartsWith { field: field()?, prefix: text()? }),
            "content-length-range" => Some(Self::Size(a.as_u64()?..=b.as_u64()?)),
            _ => None,
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Equals { field, value } => format!("[\"eq\", \"${field}\", \"{value}\"]"),
            Self::StartsWith { field, prefix } => format!("[\"starts-with\", \"${field}\", \"{prefix}\"]"),
            Self::Size(range) => {
                format!("[\"content-length-range\", {}, {}]", range.start(), range.end())
            }
        }
    }
}

fn refused(why: &str) -> S3Error {
    S3Error::with_message(S3ErrorCode::AccessDenied, format!("Invalid according to Policy: {why}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    fn policy(conditions: Value) -> S3Result<Policy> {
        let document = json!({"expiration": "2026-11-21T12:15:00.000Z", "conditions": conditions});
        Policy::parse(&STANDARD.encode(document.to_string()))
    }

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn message(result: S3Result<RangeInclusive<u64>>) -> String {
        result.unwrap_err().message().unwrap_or_default().to_owned()
    }

    #[test]
    fn every_field_must_be_spoken_of_and_be_as_it_says() {
        let policy = policy(json!([
            {"bucket": "photos"},
            ["eq", "$Key", "a/b.jpg"],
            ["starts-with", "$Content-Type", "image/"],
            ["content-length-range", 1024, 4096],
            ["content-length-range", 2048, 9999],
        ]))
        .unwrap();
        let good =
            [("key", "a/b.jpg"), ("content-type", "image/jpeg"), ("policy", "…"), ("x-ignore-me", "1")];
        assert_eq!(policy.sizes_for(&fields(&good), "photos", NOON).unwrap(), 2048..=4096);
        let refused =
            |pairs: &[(&str, &str)], bucket: &str| message(policy.sizes_for(&fields(pairs), bucket, NOON));
        assert!(refused(&good, "other").contains("[\"eq\", \"$bucket\", \"photos\"]"));
        assert!(refused(&[("key", "a/c.jpg"), ("content-type", "image/jpeg")], "photos").contains("$key"));
        assert!(
            refused(&[("key", "a/b.jpg"), ("content-type", "text/html")], "photos").contains("$content-type")
        );
        let more = [&good[..], &[("acl", "public-read")]].concat();
        assert!(refused(&more, "photos").ends_with("Extra input fields: acl"));
        let other = [&good[..], &[("bucket", "other")]].concat();
        assert!(refused(&other, "photos").contains("another bucket"));
    }

    #[test]
    fn a_policy_ends_at_its_very_second() {
        let policy = policy(json!([])).unwrap();
        let none = Fields::new();
        assert!(policy.sizes_for(&none, "photos", datetime!(2026-11-21 12:14:59.9 UTC)).is_ok());
        let late = policy.sizes_for(&none, "photos", datetime!(2026-11-21 12:15 UTC));
        assert!(message(late).ends_with("Policy expired."));
    }

    #[test]
    fn what_is_not_understood_is_refused_rather_than_left_out() {
        for odd in [
            json!(["eq", "$key"]),
            json!(["eq", "key", "a"]),
            json!(["ends-with", "$key", "a"]),
            json!(["content-length-range", "1", 2]),
            json!(["content-length-range", -1, 2]),
            json!({"key": "a", "acl": "b"}),
            json!({"key": 1}),
            json!({}),
            json!("key"),
            json!([]),
        ] {
            assert!(policy(json!([odd])).is_err(), "{odd}");
        }
        for document in ["", "{}", "not base64!", "W10="] {
            assert!(Policy::parse(document).is_err(), "{document}");
        }
    }
}

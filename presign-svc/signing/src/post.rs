//! PostObject: one HTML form that brings one whole object. What a PUT's signature binds, a policy binds
//! here: a JSON document of conditions, signed as a whole, that travels with the form (Amazon S3 API
//! Reference, "Authenticating Requests in Browser-Based Uploads Using POST").

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;

use crate::encode;
use crate::error::SignError;
use crate::headers::{self, Checksum};
use crate::key::SECONDS_PER_DAY;
use crate::moment::time_of_day;
use crate::signer::{Signer, check_key};
use crate::validity::Validity;

/// What a form is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostConditions<'a> {
    /// The fewest bytes the store takes.
    pub min_bytes: u64,
    /// The most.
    pub max_bytes: u64,
    /// The media type the object is stored with.
    pub content_type: &'a str,
    /// The store verifies the file against it.
    pub checksum: Option<Checksum<'a>>,
}

/// A form somebody else may send on our behalf: its fields in any order, and after them the file, under the
/// name `file`.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedForm {
    /// Where to: the bucket.
    pub url: String,
    /// Names and values. The signature is among them: for the client it was made for, never for a log.
    pub fields: Vec<(&'static str, String)>,
    /// When the store stops taking it.
    pub expires_at: OffsetDateTime,
}

impl fmt::Debug for SignedForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| *name).collect();
        f.debug_struct("SignedForm")
            .field("url", &self.url)
            .field("fields", &format_args!("{names:?} (values redacted)"))
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

impl Signer {
    /// Signs a form that brings one object; it is answered 201 with the object's address and entity tag. S3
    /// has no `If-None-Match` for forms: until it expires, the form may be sent again.
    pub fn post_object(
        &self,
        key: &str,
        conditions: &PostConditions<'_>,
        validity: &Validity,
    ) -> Result<SignedForm, SignError> {
        check_key(key).map_err(SignError::Key)?;
        headers::check_checksum(conditions.checksum)?;
        let content_type = headers::normal_value("content-type", conditions.content_type)?;
        let lifespan = validity.resolve(self.credentials())?;
        let day = self.day_key(lifespan.signed_at_s / SECONDS_PER_DAY);
        let credential = format!("{}/{}", self.credentials().access_key_id(), day.scope);
        let date = format!("{}{}", day.date, time_of_day(lifespan.signed_at_s));

        let mut fields = vec![
            ("bucket", self.endpoint().bucket().to_owned()),
            ("key", key.to_owned()),
            ("Content-Type", content_type.into_owned()),
            ("success_action_status", "201".to_owned()),
            ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("x-amz-credential", credential),
            ("x-amz-date", date),
        ];
        if let Some(checksum) = conditions.checksum {
            fields.push((checksum.algorithm.header_name(), checksum.base64.to_owned()));
        }
        if let Some(token) = &self.credentials().session_token {
            fields.push(("x-amz-security-token", token.clone()));
        }
        let policy = STANDARD.encode(policy(&fields, conditions, lifespan.expires_at));
        let signature = encode::lower_hex(&day.hmac.finish(policy.as_bytes()));
        fields.push(("policy", policy));
        // Hexadecimal digits are ASCII, so the fallback is never taken.
        fields.push(("x-amz-signature", str::from_utf8(&signature).unwrap_or_default().to_owned()));
        Ok(SignedForm { url: self.endpoint().form_url(), fields, expires_at: lifespan.expires_at })
    }
}

/// Every field with exactly its value, and the size: a form leaves nothing to choose.
fn policy(
    fields: &[(&'static str, String)],
    conditions: &PostConditions<'_>,
    expires_at: OffsetDateTime,
) -> String {
    let (date, time) = (expires_at.date(), expires_at.time());
    let (hour, minute, second) = time.as_hms();
    let mut json = format!(
        "{{\"expiration\":\"{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}.000Z\",\"conditions\":[",
        date.year(),
        u8::from(date.month()),
        date.day(),
    );
    for (name, value) in fields {
        json.push_str("[\"eq\",\"$");
        json.push_str(name);
        json.push_str("\",");
        push_json_text(&mut json, value);
        json.push_str("],");
    }
    // Writing to a `String` cannot fail.
    let _ = write!(json, "[\"content-length-range\",{},{}]]}}", conditions.min_bytes, conditions.max_bytes);
    json
}

/// A JSON string (RFC 8259, section 7).
fn push_json_text(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                json.push('\\');
                json.push(c);
            }
            c if c.is_control() => {
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            c => json.push(c),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use hmac::{KeyInit, Mac};
    use serde_json::{Value, json};
    use sha2::Sha256;
    use time::macros::datetime;

    use super::*;
    use crate::{Addressing, ChecksumAlgorithm, Credentials, Endpoint};

    fn form(key: &str, credentials: Credentials, addressing: Addressing) -> SignedForm {
        let endpoint =
            Endpoint::new("https://s3.eu-central-1.amazonaws.com", "eu-central-1", "photos", addressing)
                .unwrap();
        let conditions = PostConditions {
            min_bytes: 1024,
            max_bytes: 4096,
            content_type: "image/jpeg",
            checksum: Some(Checksum { algorithm: ChecksumAlgorithm::Crc32c, base64: "4waSgw==" }),
        };
        let validity = Validity::new(datetime!(2026-09-22 10:11:12 UTC), Duration::from_secs(900));
        Signer::new(endpoint, credentials).post_object(key, &conditions, &validity).unwrap()
    }

    /// The key and signature as Amazon's documents describe them, by `hmac` instead of our own.
    fn signature(secret: &str, policy: &str) -> String {
        let mac = |key: &[u8], text: &str| {
            let mut mac = hmac::Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        };
        let key = ["20260922", "eu-central-1", "s3", "aws4_request"]
            .iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, step| mac(&key, step));
        mac(&key, policy).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_policy_binds_every_field_and_the_size_and_is_signed_as_documented() {
        let credentials = Credentials::new("AKIA", "secret").unwrap().with_session_token("to\"ken");
        let form = form("acme/job 7/写真.jpg", credentials, Addressing::Path);
        assert_eq!(form.expires_at, datetime!(2026-09-22 10:26:12 UTC));
        let fields: HashMap<&str, String> = form.fields.into_iter().collect();
        assert_eq!(fields["x-amz-credential"], "AKIA/20260922/eu-central-1/s3/aws4_request");
        assert_eq!(fields["x-amz-date"], "20260922T101112Z");
        assert_eq!(fields["x-amz-signature"], signature("secret", &fields["policy"]));

        let policy: Value = serde_json::from_slice(&STANDARD.decode(&fields["policy"]).unwrap()).unwrap();
        assert_eq!(policy["expiration"], "2026-09-22T10:26:12.000Z");
        let conditions = policy["conditions"].as_array().unwrap();
        assert!(conditions.contains(&json!(["content-length-range", 1024, 4096])));
        for (name, value) in &fields {
            let is_bound = conditions.contains(&json!(["eq", format!("${name}"), value]));
            assert_eq!(is_bound, !["policy", "x-amz-signature"].contains(name), "{name}");
        }
        assert_eq!(fields["x-amz-checksum-crc32c"], "4waSgw==");
    }

    #[test]
    fn a_form_goes_to_the_bucket_and_debug_keeps_its_values() {
        let permanent = || Credentials::new("AKIA", "secret").unwrap();
        assert_eq!(
            form("a.jpg", permanent(), Addressing::Path).url,
            "https://s3.eu-central-1.amazonaws.com/photos"
        );
        let form = form("a.jpg", permanent(), Addressing::VirtualHost);
        assert_eq!(form.url, "https://photos.s3.eu-central-1.amazonaws.com/");
        let shown = format!("{form:?}");
        for (name, value) in &form.fields {
            let is_secret = ["policy", "x-amz-signature", "x-amz-credential"].contains(name);
            assert!(!is_secret || !shown.contains(value.as_str()), "{shown}");
        }
    }

    #[test]
    fn what_no_header_could_carry_is_refused() {
        let endpoint = Endpoint::new("http://localhost:3900", "garage", "photos", Addressing::Path).unwrap();
        let signer = Signer::new(endpoint, Credentials::new("AKIA", "secret").unwrap());
        let validity = Validity::new(datetime!(2026-09-22 10:11:12 UTC), Duration::from_secs(900));
        let plain = PostConditions { min_bytes: 1, max_bytes: 2, content_type: "image/jpeg", checksum: None };
        let odd = PostConditions { content_type: "image/jpeg\r\n", ..plain };
        assert!(matches!(signer.post_object("a", &odd, &validity), Err(SignError::HeaderValue { .. })));
        assert!(matches!(signer.post_object("a/../b", &plain, &validity), Err(SignError::Key(_))));
    }
}

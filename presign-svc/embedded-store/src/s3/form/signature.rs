//! Who signed a form's policy: Signature Version 4 over the policy as it was sent (Amazon S3 API Reference,
//! "POST Policy", "Calculating a Signature").

use hmac::{Hmac, KeyInit, Mac};
use s3s::{S3Result, s3_error};
use sha2::Sha256;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::Fields;
use crate::config::StoreConfig;

/// A signing key is good for so long.
const LONGEST_USE: Duration = Duration::days(7);
/// How far a signer's clock may be ahead.
const CLOCK_SKEW: Duration = Duration::minutes(15);

/// The policy, in base64 as it was signed, once its signature was checked.
pub(super) fn verified_policy<'a>(
    fields: &'a Fields,
    config: &StoreConfig,
    now: OffsetDateTime,
) -> S3Result<&'a str> {
    let field = |name: &'static str| {
        fields.get(name).map(String::as_str).ok_or_else(|| {
            s3_error!(AccessDenied, "This store answers signed requests only: the form has no field {name}")
        })
    };
    let policy = field("policy")?;
    if field("x-amz-algorithm")? != "AWS4-HMAC-SHA256" {
        return Err(s3_error!(InvalidArgument, "The field x-amz-algorithm must be AWS4-HMAC-SHA256"));
    }
    let credential = field("x-amz-credential")?;
    let parts: Vec<&str> = credential.split('/').collect();
    let [access_key_id, date, region, "s3", "aws4_request"] = parts[..] else {
        return Err(s3_error!(InvalidArgument, "The field x-amz-credential is malformed"));
    };
    if access_key_id != config.access_key_id {
        return Err(s3_error!(
            InvalidAccessKeyId,
            "The access key ID you provided does not exist in our records."
        ));
    }
    if region != config.region {
        return Err(s3_error!(
            InvalidArgument,
            "The field x-amz-credential names the region '{region}'; expecting '{}'",
            config.region
        ));
    }
    check_time(field("x-amz-date")?, date, now)?;
    let secret = format!("AWS4{}", config.secret_access_key);
    let key = [date, region, "s3", "aws4_request"]
        .iter()
        .try_fold(secret.into_bytes(), |key, step| Some(mac(&key, step)?.finalize().into_bytes().to_vec()));
    let claimed = digest_of_hex(field("x-amz-signature")?);
    let expected = key.and_then(|key| mac(&key, policy));
    match (expected, claimed) {
        // Compared in constant time.
        (Some(expected), Some(claimed)) if expected.clone().verify_slice(&claimed).is_ok() => Ok(policy),
        _ => Err(s3_error!(
            SignatureDoesNotMatch,
            "The request signature we calculated does not match the signature you provided."
        )),
    }
}

fn check_time(text: &str, date: &str, now: OffsetDateTime) -> S3Result<()> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let signed_at = PrimitiveDateTime::parse(text, format)
        .map_err(|_| s3_error!(InvalidArgument, "The field x-amz-date is malformed"))?
        .assume_utc();
    if !text.starts_with(date) || date.len() != 8 {
        return Err(s3_error!(InvalidArgument, "x-amz-credential and x-amz-date name different days"));
    }
    if signed_at > now + CLOCK_SKEW {
        return Err(s3_error!(RequestTimeTooSkewed, "The form is signed for a time that is still to come."));
    }
    if signed_at + LONGEST_USE < now {
        return Err(s3_error!(AccessDenied, "Invalid according to Policy: Policy expired."));
    }
    Ok(())
}

fn mac(key: &[u8], text: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}

fn digest_of_hex(text: &str) -> Option<Vec<u8>> {
    let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if text.len() != 64 || !text.bytes().all(is_digit) {
        return None;
    }
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    pairs.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect()
}

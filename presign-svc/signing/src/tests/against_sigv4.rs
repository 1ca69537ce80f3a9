//! Every URL equals what `aws-sigv4` makes of the same request: the same parameters with the same
//! values, and the same signature.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode,
};
use aws_sigv4::sign::v4;
use proptest::prelude::*;
use time::OffsetDateTime;

use super::generated::{self, Place, Who};
use crate::{GetOptions, PartHeaders, PutHeaders, SignedRequest, Signer, Validity};

/// The parameters of a query, decoded.
fn parameters(url: &str) -> BTreeMap<String, String> {
    let uri: http::Uri = url.parse().unwrap();
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let query = uri.query().unwrap();
    assert!(!query.contains('+'), "a space is %20 in a signed query");
    query
        .split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (decode(name), decode(value))
        })
        .collect()
}

/// Signs our request again with `aws-sigv4` and compares; `content_type` as it was before we made its
/// spaces normal, so that theirs is compared too.
fn compare(
    method: &str,
    ours: &SignedRequest<'_>,
    content_type: Option<&str>,
    (place, who, now, lifetime_s): (&Place, &Who, OffsetDateTime, u64),
) {
    let url = ours.url.expose();
    let (address, query) = url.split_once('?').unwrap();
    let own: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("X-Amz-")).collect();
    let unsigned = if own.is_empty() { address.to_owned() } else { format!("{address}?{}", own.join("&")) };

    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_secs(lifetime_s));
    let identity = who.amazons().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(place.region)
        .name("s3")
        .time(now.into())
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let headers: Vec<_> = ours
        .headers
        .iter()
        .map(|(name, value)| match content_type {
            Some(as_given) if name == "content-type" => (name, as_given.to_owned()),
            _ => (name, value.into_owned()),
        })
        .collect();
    let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
    let request = SignableRequest::new(method, unsigned, headers, SignableBody::UnsignedPayload).unwrap();
    let (instructions, signature) = aws_sigv4::http_request::sign(request, &params).unwrap().into_parts();

    let mut found = parameters(url);
    assert_eq!(found.remove("X-Amz-Signature"), Some(signature));
    for (name, value) in instructions.params() {
        if *name != "X-Amz-Signature" {
            assert_eq!(found.remove(*name).as_deref(), Some(value.as_ref()), "{name}");
        }
    }
    assert!(found.keys().all(|name| !name.starts_with("X-Amz-")), "{found:?}");
    assert_eq!(found.len(), own.len());
}

proptest! {
    #![proptest_config(generated::config(512))]

    #[test]
    fn a_put_equals_aws_sigv4(
        (place, who, key) in (generated::places(), generated::people(), generated::keys()),
        content_length in prop::option::of(any::<u64>()),
        content_type in generated::content_types(),
        checksum in generated::checksums(),
        only_if_absent: bool,
        now in generated::moments(),
        lifetime_s in 1..=604_800_u64,
    ) {
        let signer = Signer::new(place.endpoint(), who.ours());
        let put = PutHeaders {
            content_length,
            content_type: content_type.as_deref(),
            checksum: generated::borrowed(&checksum),
            only_if_absent,
        };
        let ours = signer.put_object(&key, &put, &Validity::new(now, Duration::from_secs(lifetime_s))).unwrap();
        compare("PUT", &ours, content_type.as_deref(), (&place, &who, now, lifetime_s));
    }

    #[test]
    fn a_get_equals_aws_sigv4(
        (place, who, key) in (generated::places(), generated::people(), generated::keys()),
        answers in prop::array::uniform6(generated::answers()),
        version_id in prop::option::of("[A-Za-z0-9._+ /-]{1,40}"),
        now in generated::moments(),
        lifetime_s in 1..=604_800_u64,
    ) {
        let signer = Signer::new(place.endpoint(), who.ours());
        let [cache_control, disposition, encoding, language, content_type, expires] = &answers;
        let options = GetOptions {
            response_cache_control: cache_control.as_deref(),
            response_content_disposition: disposition.as_deref(),
            response_content_encoding: encoding.as_deref(),
            response_content_language: language.as_deref(),
            response_content_type: content_type.as_deref(),
            response_expires: expires.as_deref(),
            version_id: version_id.as_deref(),
        };
        let ours = signer.get_object(&key, &options, &Validity::new(now, Duration::from_secs(lifetime_s))).unwrap();
        compare("GET", &ours, None, (&place, &who, now, lifetime_s));
        let found = parameters(ours.url.expose());
        prop_assert_eq!(found.get("response-content-disposition"), disposition.as_ref());
        prop_assert_eq!(found.get("versionId"), version_id.as_ref());
    }

    #[test]
    fn every_part_of_a_batch_equals_aws_sigv4_and_the_part_signed_alone(
        (place, who, key) in (generated::places(), generated::people(), generated::keys()),
        upload_id in generated::upload_ids(),
        parts in prop::collection::vec(
            (1..=10_000_u16, prop::option::of(any::<u64>()), generated::checksums()), 1..6),
        now in generated::moments(),
        lifetime_s in 1..=604_800_u64,
    ) {
        let signer = Signer::new(place.endpoint(), who.ours());
        let validity = Validity::new(now, Duration::from_secs(lifetime_s));
        let parts: Vec<_> = parts
            .iter()
            .map(|(part_number, content_length, checksum)| PartHeaders {
                part_number: *part_number,
                content_length: *content_length,
                checksum: generated::borrowed(checksum),
            })
            .collect();
        let batch = signer.upload_parts(&key, &upload_id, &parts, &validity).unwrap();
        prop_assert_eq!(batch.len(), parts.len());
        for (ours, part) in batch.iter().zip(parts) {
            prop_assert_eq!(ours, &signer.upload_part(&key, &upload_id, part, &validity).unwrap());
            compare("PUT", ours, None, (&place, &who, now, lifetime_s));
            let found = parameters(ours.url.expose());
            prop_assert_eq!(found.get("partNumber"), Some(&part.part_number.to_string()));
            prop_assert_eq!(found.get("uploadId"), Some(&upload_id));
        }
    }
}

//! Every URL equals what `aws-sdk-s3`'s own `.presigned()` makes of the same operation.
//!
//! The SDK adds one parameter of its own, `x-id=PutObject` and the like, which S3 ignores and we leave
//! out. So here our signer signs the same query with that parameter added at its end, where it sorts;
//! then address, every parameter, the signature and the headers to send have to be the same text. The
//! SDK writes its parameters in another order, so they are compared sorted.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use proptest::prelude::*;
use time::OffsetDateTime;

use super::generated::{self, Place, Who};
use crate::canonical::Method;
use crate::headers::HeadersToSend;
use crate::{Addressing, ChecksumAlgorithm, GetOptions, PartHeaders, Signer, Validity, part};

fn client(place: &Place, who: &Who) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(place.region))
        .endpoint_url(&place.origin)
        .force_path_style(place.addressing == Addressing::Path)
        .credentials_provider(who.amazons())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .build();
    Client::from_conf(config)
}

fn presigning(now: OffsetDateTime, lifetime_s: u64) -> PresigningConfig {
    PresigningConfig::builder()
        .start_time(now.into())
        .expires_in(Duration::from_secs(lifetime_s))
        .build()
        .unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Compares the SDK's request with ours for the same method, key and parameters.
fn compare(
    theirs: &PresignedRequest,
    signer: &Signer,
    validity: &Validity,
    (method, key, query_tail): (Method, &str, &str),
    headers: &HeadersToSend<'_>,
) {
    let presigner = signer.presigner(validity).unwrap();
    let ours = presigner.sign(method, key, query_tail, headers).unwrap().into_string();
    let sorted = |url: &str| {
        let (address, query) = url.split_once('?').unwrap();
        let mut parameters: Vec<String> = query.split('&').map(str::to_owned).collect();
        parameters.sort();
        (address.to_owned(), parameters)
    };
    // The SDK leaves a scheme's own port in the URL; what is sent and signed is the same without it.
    let theirs_url = match signer.endpoint().origin() {
        origin if theirs.uri().starts_with(&format!("{origin}/")) => theirs.uri().to_owned(),
        origin => theirs.uri().replacen(&format!("{origin}:80/"), &format!("{origin}/"), 1).replacen(
            &format!("{origin}:443/"),
            &format!("{origin}/"),
            1,
        ),
    };
    assert_eq!(sorted(&theirs_url), sorted(&ours));
    assert_eq!(theirs.method(), method.line().trim_end());
    let mut their_headers: Vec<_> = theirs.headers().map(|(name, value)| (name, value.to_owned())).collect();
    their_headers.sort();
    let our_headers: Vec<_> = headers.iter().map(|(name, value)| (name, value.into_owned())).collect();
    assert_eq!(their_headers, our_headers);
}

proptest! {
    #![proptest_config(generated::config(96))]

    #[test]
    fn a_put_equals_the_sdk(
        (place, who, key) in (generated::places(), generated::people(), generated::keys()),
        content_length in prop::option::of(0..=5_i64 << 30),
        content_type in prop::option::of(prop::sample::select(vec!["image/jpeg", "text/plain; charset=utf-8"])),
        checksum in generated::checksums(),
        only_if_absent: bool,
        now in generated::moments(),
        lifetime_s in 1..=604_800_u64,
    ) {
        let (algorithm, base64) = (checksum.as_ref().map(|c| c.0), checksum.as_ref().map(|c| c.1.clone()));
        let only = |wanted| base64.clone().filter(|_| algorithm == Some(wanted));
        let theirs = block_on(
            client(&place, &who)
                .put_object()
                .bucket(place.bucket)
                .key(&key)
                .set_content_length(content_length)
                .set_content_type(content_type.map(str::to_owned))
                .set_if_none_match(only_if_absent.then(|| "*".to_owned()))
                .set_checksum_crc32(only(ChecksumAlgorithm::Crc32))
                .set_checksum_crc32_c(only(ChecksumAlgorithm::Crc32c))
                .set_checksum_crc64_nvme(only(ChecksumAlgorithm::Crc64Nvme))
                .set_checksum_sha1(only(ChecksumAlgorithm::Sha1))
                .set_checksum_sha256(only(ChecksumAlgorithm::Sha256))
                .presigned(presigning(now, lifetime_s)),
        )
        .unwrap();
        let headers = HeadersToSend {
            content_length: content_length.map(|length| length as u64),
            content_type: content_type.map(Into::into),
            if_none_match: only_if_absent,
            checksum: generated::borrowed(&checksum),
        };
        let signer = Signer::new(place.endpoint(), who.ours());
        let validity = Validity::new(now, Duration::from_secs(lifetime_s));
        compare(&theirs, &signer, &validity, (Method::Put, &key, "&x-id=PutObject"), &headers);
    }

    #[test]
    fn a_part_equals_the_sdk(
        (place, who, key) in (generated::places(), generated::people(), generated::keys()),
        upload_id in generated::upload_ids(),
        part_number in 1..=10_000_u16,
        content_length in 0..=5_i64 << 30,
        crc64 in prop::option::of("[A-Za-z0-9+/]{11}="),
        now in generated::moments(),
        lifetime_s in 1..=604_800_u64,
    ) {
        let theirs = block_on(
            client(&place, &who)
                .upload_part()
                .bucket(place.bucket)
                .key(&key)
                .upload_id(&upload_id)
                .part_number(part_number.into())
                .content_length(content_length)
                .set_checksum_crc64_nvme(crc64.clone())
                .presigned(presigning(now, lifetime_s)),
        )
        .unwrap();
        let checksum = crc64.map(|text| (ChecksumAlgorithm::Crc64Nvme, text));
        let signed_part = PartHeaders {
            part_number,
            content_length: Some(content_length as u64),
            checksum: generated::borrowed(&checksum),
        };
        let signer = Signer::new(place.endpoint(), who.ours());
        let validity = Validity::new(now, Duration::from_secs(lifetime_s));
        let headers = signer.upload_part(&key, &upload_id, signed_part, &validity).unwrap().headers;
        let tail = part::query_tail(&upload_id, part_number) + "&x-id=UploadPart";
        compare(&theirs, &signer, &validity, (Method::Put, &key, &tail), &headers);
    }

    #[test]
    fn a_get_equals_the_sdk(
        (place, who, key) in (generated::places(), generated::people(), generated::keys()),
        answers in prop::array::uniform3(generated::answers()),
        version_id in prop::option::of("[A-Za-z0-9._+ /-]{1,40}"),
        now in generated::moments(),
        lifetime_s in 1..=604_800_u64,
    ) {
        let [cache_control, disposition, content_type] = answers;
        let theirs = block_on(
            client(&place, &who)
                .get_object()
                .bucket(place.bucket)
                .key(&key)
                .set_response_cache_control(cache_control.clone())
                .set_response_content_disposition(disposition.clone())
                .set_response_content_type(content_type.clone())
                .set_version_id(version_id.clone())
                .presigned(presigning(now, lifetime_s)),
        )
        .unwrap();
        let options = GetOptions {
            response_cache_control: cache_control.as_deref(),
            response_content_disposition: disposition.as_deref(),
            response_content_type: content_type.as_deref(),
            version_id: version_id.as_deref(),
            ..Default::default()
        };
        let signer = Signer::new(place.endpoint(), who.ours());
        let validity = Validity::new(now, Duration::from_secs(lifetime_s));
        let tail = options.query_tail().unwrap() + "&x-id=GetObject";
        compare(&theirs, &signer, &validity, (Method::Get, &key, &tail), &HeadersToSend::default());
    }
}

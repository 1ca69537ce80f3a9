//! Generated input: everything a key, a bucket's address and credentials may hold.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use time::OffsetDateTime;

use crate::{Addressing, Checksum, ChecksumAlgorithm, Credentials, Endpoint};

/// Where a bucket is, in parts, so that other signers can be told the same.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub origin: String,
    pub region: &'static str,
    pub bucket: &'static str,
    pub addressing: Addressing,
}

impl Place {
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(&self.origin, self.region, self.bucket, self.addressing).unwrap()
    }
}

/// Who signs, in parts.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub access_key_id: String,
    pub secret: String,
    pub token: Option<String>,
}

impl Who {
    pub fn ours(&self) -> Credentials {
        let credentials = Credentials::new(&*self.access_key_id, &*self.secret).unwrap();
        match &self.token {
            Some(token) => credentials.with_session_token(token),
            None => credentials,
        }
    }

    pub fn amazons(&self) -> aws_credential_types::Credentials {
        aws_credential_types::Credentials::new(
            &self.access_key_id,
            &self.secret,
            self.token.clone(),
            None,
            "generated",
        )
    }
}

pub(super) fn places() -> impl Strategy<Value = Place> {
    let named = prop::sample::select(vec!["s3.eu-central-1.amazonaws.com", "localhost", "store.example"]);
    let addresses = prop::sample::select(vec!["127.0.0.1", "[::1]"]);
    let hosts = prop_oneof![
        (named, prop::sample::select(vec![Addressing::Path, Addressing::VirtualHost])),
        (addresses, Just(Addressing::Path)),
    ];
    let schemes = prop::sample::select(vec!["http", "https"]);
    let ports = prop::option::of(prop_oneof![Just(80_u16), Just(443), 1024..=65535_u16]);
    let regions = prop::sample::select(vec!["us-east-1", "eu-central-1", "garage"]);
    let buckets = prop::sample::select(vec!["photos", "a1b", "job-photos-2026"]);
    (schemes, hosts, ports, regions, buckets).prop_map(
        |(scheme, (host, addressing), port, region, bucket)| {
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            Place { origin: format!("{scheme}://{host}{port}"), region, bucket, addressing }
        },
    )
}

pub(super) fn people() -> impl Strategy<Value = Who> {
    let secrets = prop_oneof!["[A-Za-z0-9/+]{40}", "[ -~]{1,150}"];
    ("[A-Z0-9]{16,20}", secrets, prop::option::of("[A-Za-z0-9+/=]{1,1200}"))
        .prop_map(|(access_key_id, secret, token)| Who { access_key_id, secret, token })
}

/// Keys: the service's own kind, those full of what has a meaning in URLs, and any text at all.
pub(super) fn keys() -> impl Strategy<Value = String> {
    let keys = prop_oneof![
        "[a-z0-9-]{1,12}/[a-z0-9-]{1,12}/2026/09/22/[a-f0-9]{32}/[A-Za-z0-9 _.()+-]{1,40}\\.jpg",
        "[ +%&=?#~._/:;,@!$'()*\"<>{}|^`\\\\\\[\\]-]{1,40}",
        "[äöüß屋根🏠é\u{301}\u{200f}%2F /]{1,40}",
        any::<String>(),
    ];
    keys.prop_filter("an empty key or one with dot segments cannot be signed", |key| {
        !key.is_empty()
            && key.len() <= 1024
            && !key.split('/').any(|segment| segment == "." || segment == "..")
    })
}

pub(super) fn upload_ids() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z0-9._~-]{32,128}", "[ -~]{1,60}", "[a-f0-9]{64}"]
}

pub(super) fn content_types() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop_oneof![
        Just("image/jpeg".to_owned()),
        Just("text/plain;   charset=utf-8 ".to_owned()),
        "[!-~][ -~]{0,60}",
    ])
}

pub(super) fn checksums() -> impl Strategy<Value = Option<(ChecksumAlgorithm, String)>> {
    prop::option::of(prop_oneof![
        ("[A-Za-z0-9+/]{6}==").prop_map(|text| (ChecksumAlgorithm::Crc32, text)),
        ("[A-Za-z0-9+/]{6}==").prop_map(|text| (ChecksumAlgorithm::Crc32c, text)),
        ("[A-Za-z0-9+/]{11}=").prop_map(|text| (ChecksumAlgorithm::Crc64Nvme, text)),
        ("[A-Za-z0-9+/]{27}=").prop_map(|text| (ChecksumAlgorithm::Sha1, text)),
        ("[A-Za-z0-9+/]{43}=").prop_map(|text| (ChecksumAlgorithm::Sha256, text)),
    ])
}

pub(super) fn borrowed(checksum: &Option<(ChecksumAlgorithm, String)>) -> Option<Checksum<'_>> {
    checksum.as_ref().map(|(algorithm, base64)| Checksum { algorithm: *algorithm, base64 })
}

/// Any second from 1970 to 2100.
pub(super) fn moments() -> impl Strategy<Value = OffsetDateTime> {
    (0..4_102_444_800_i64).prop_map(|second| OffsetDateTime::from_unix_timestamp(second).unwrap())
}

/// Header values the answer may be asked to carry.
pub(super) fn answers() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[!-~]([ -~]{0,60}[!-~])?").prop_map(|value| value.filter(|value| !value.contains("  ")))
}

/// So many cases, the same in every run.
pub(super) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x5349_4756_3421),
        failure_persistence: None,
        ..Default::default()
    }
}

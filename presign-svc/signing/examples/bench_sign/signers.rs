//! Four signers behind one trait, each used the way its documentation shows.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::config::{BehaviorVersion, Region, RequestChecksumCalculation};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use rusty_s3::S3Action;
use windlass_signing::{Addressing, Credentials, Endpoint, PartHeaders, PutHeaders, Signer, Validity};

pub(crate) const PART_COUNT: u16 = 1_000;

const ENDPOINT: &str = "https://s3.eu-central-1.amazonaws.com";
const HOST: &str = "https://photos.s3.eu-central-1.amazonaws.com/";
const REGION: &str = "eu-central-1";
const BUCKET: &str = "photos";
const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const KEY: &str = "acme/job-4711/2026/09/22/0198f3c2a7b07e4d9c11aa52f0d3b6e8/original.jpg";
const PART_SIZE_BYTES: u64 = 5 << 20;
const LIFETIME: Duration = Duration::from_secs(900);

/// As long as Amazon's are.
fn upload_id() -> String {
    "VXBsb2FkIElEIGZvciBlbHZpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA.".repeat(2)
}

/// Makes signed URLs.
pub(crate) trait Signing {
    fn name(&self) -> &'static str;
    /// The PUT of one object.
    fn put(&mut self) -> anyhow::Result<String>;
    /// The PUTs of parts 1 to [`PART_COUNT`].
    fn parts(&mut self) -> anyhow::Result<Vec<String>>;
}

/// All of them, ours first.
pub(crate) fn all() -> anyhow::Result<Vec<Box<dyn Signing>>> {
    Ok(vec![
        Box::new(Windlass::new()?),
        Box::new(RustyS3::new()?),
        Box::new(AwsSigv4::new()),
        Box::new(AwsSdk::new()?),
    ])
}

struct Windlass {
    signer: Signer,
    upload_id: String,
}

impl Windlass {
    fn new() -> anyhow::Result<Self> {
        let endpoint = Endpoint::new(ENDPOINT, REGION, BUCKET, Addressing::VirtualHost)?;
        Ok(Self { signer: Signer::new(endpoint, Credentials::new(KEY_ID, SECRET)?), upload_id: upload_id() })
    }
}

impl Signing for Windlass {
    fn name(&self) -> &'static str {
        "windlass"
    }

    fn put(&mut self) -> anyhow::Result<String> {
        let put = PutHeaders { content_length: Some(PART_SIZE_BYTES), ..Default::default() };
        let validity = Validity::new(SystemTime::now().into(), LIFETIME);
        Ok(self.signer.put_object(KEY, &put, &validity)?.url.into_string())
    }

    fn parts(&mut self) -> anyhow::Result<Vec<String>> {
        let parts: Vec<_> = (1..=PART_COUNT)
            .map(|part_number| PartHeaders {
                part_number,
                content_length: Some(PART_SIZE_BYTES),
                checksum: None,
            })
            .collect();
        let validity = Validity::new(SystemTime::now().into(), LIFETIME);
        let signed = self.signer.upload_parts(KEY, &self.upload_id, &parts, &validity)?;
        Ok(signed.into_iter().map(|request| request.url.into_string()).collect())
    }
}

struct RustyS3 {
    bucket: rusty_s3::Bucket,
    credentials: rusty_s3::Credentials,
    upload_id: String,
}

impl RustyS3 {
    fn new() -> anyhow::Result<Self> {
        let style = rusty_s3::UrlStyle::VirtualHost;
        let bucket = rusty_s3::Bucket::new(ENDPOINT.parse::<url::Url>()?, style, BUCKET, REGION)?;
        Ok(Self { bucket, credentials: rusty_s3::Credentials::new(KEY_ID, SECRET), upload_id: upload_id() })
    }
}

impl Signing for RustyS3 {
    fn name(&self) -> &'static str {
        "rusty-s3"
    }

    fn put(&mut self) -> anyhow::Result<String> {
        let mut action = self.bucket.put_object(Some(&self.credentials), KEY);
        action.headers_mut().insert("content-length", PART_SIZE_BYTES.to_string());
        Ok(action.sign(LIFETIME).into())
    }

    fn parts(&mut self) -> anyhow::Result<Vec<String>> {
        let sign_part = |number| {
            let mut action = self.bucket.upload_part(Some(&self.credentials), KEY, number, &self.upload_id);
            action.headers_mut().insert("content-length", PART_SIZE_BYTES.to_string());
            action.sign(LIFETIME).into()
        };
        Ok((1..=PART_COUNT).map(sign_part).collect())
    }
}

/// Signs a request for an address that is encoded already.
type SignAddress = Box<dyn Fn(&str) -> anyhow::Result<String>>;

struct AwsSigv4 {
    sign: SignAddress,
    upload_id: String,
}

impl AwsSigv4 {
    fn new() -> Self {
        let identity = aws_credential_types::Credentials::new(KEY_ID, SECRET, None, None, "bench").into();
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(LIFETIME);
        let sign = move |address: &str| {
            let params = aws_sigv4::sign::v4::SigningParams::builder()
                .identity(&identity)
                .region(REGION)
                .name("s3")
                .time(SystemTime::now())
                .settings(settings.clone())
                .build()?
                .into();
            let length = PART_SIZE_BYTES.to_string();
            let headers = std::iter::once(("content-length", length.as_str()));
            let signable = SignableRequest::new("PUT", address, headers, SignableBody::UnsignedPayload)?;
            let (instructions, _) = sign(signable, &params)?.into_parts();
            let mut request = http::Request::put(address).body(())?;
            instructions.apply_to_request_http1x(&mut request);
            Ok(request.uri().to_string())
        };
        Self { sign: Box::new(sign), upload_id: upload_id() }
    }
}

impl Signing for AwsSigv4 {
    fn name(&self) -> &'static str {
        "aws-sigv4"
    }

    fn put(&mut self) -> anyhow::Result<String> {
        (self.sign)(&format!("{HOST}{KEY}"))
    }

    fn parts(&mut self) -> anyhow::Result<Vec<String>> {
        let Self { sign, upload_id } = self;
        (1..=PART_COUNT)
            .map(|number| sign(&format!("{HOST}{KEY}?partNumber={number}&uploadId={upload_id}")))
            .collect()
    }
}

struct AwsSdk {
    client: aws_sdk_s3::Client,
    runtime: tokio::runtime::Runtime,
    upload_id: String,
}

impl AwsSdk {
    fn new() -> anyhow::Result<Self> {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(ENDPOINT)
            .credentials_provider(aws_credential_types::Credentials::new(KEY_ID, SECRET, None, None, "bench"))
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .build();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { client: aws_sdk_s3::Client::from_conf(config), runtime, upload_id: upload_id() })
    }
}

impl Signing for AwsSdk {
    fn name(&self) -> &'static str {
        "aws-sdk-s3"
    }

    fn put(&mut self) -> anyhow::Result<String> {
        let put =
            self.client.put_object().bucket(BUCKET).key(KEY).content_length(PART_SIZE_BYTES.try_into()?);
        let signed = self.runtime.block_on(put.presigned(PresigningConfig::expires_in(LIFETIME)?))?;
        Ok(signed.uri().to_owned())
    }

    fn parts(&mut self) -> anyhow::Result<Vec<String>> {
        let content_length = PART_SIZE_BYTES.try_into()?;
        self.runtime.block_on(async {
            let mut urls = Vec::with_capacity(PART_COUNT.into());
            for number in 1..=PART_COUNT {
                let part = self
                    .client
                    .upload_part()
                    .bucket(BUCKET)
                    .key(KEY)
                    .upload_id(&self.upload_id)
                    .part_number(number.into())
                    .content_length(content_length);
                urls.push(part.presigned(PresigningConfig::expires_in(LIFETIME)?).await?.uri().to_owned());
            }
            Ok(urls)
        })
    }
}

//! Which bucket: one in S3 or a store that speaks its protocol, or the embedded store.

use std::net::SocketAddr;

use clap::{ArgAction, Args};
use windlass_signing::Addressing;

use super::StoreKeys;
use crate::adapters::s3::{CredentialsFrom, S3Settings};

/// The region signatures of the embedded store name.
pub const EMBEDDED_REGION: &str = "us-east-1";
/// The embedded store's only bucket.
pub const EMBEDDED_BUCKET: &str = "windlass";
/// Where all of Amazon's own endpoints are: of a region, dual-stack, FIPS, a VPC's, and those in China.
const AMAZONS_DOMAINS: [&str; 2] = [".amazonaws.com", ".amazonaws.com.cn"];

/// The bucket. Credentials come from where Amazon's tools look: environment, profile, container, instance.
#[derive(Debug, Clone, Args)]
pub struct StoreOptions {
    /// The bucket's name. Without one, the embedded store is started, which what says where a bucket is would not
    /// concern: such settings need a name.
    #[arg(long, env = "WINDLASS_S3_BUCKET")]
    pub s3_bucket: Option<String>,
    /// The bucket's region, such as eu-central-1; otherwise as the environment says (AWS_REGION).
    #[arg(long, env = "WINDLASS_S3_REGION", requires = "s3_bucket")]
    pub s3_region: Option<String>,
    /// Scheme, host and port of a store that is not Amazon's, or of another address of Amazon's (dual-stack, FIPS, a
    /// VPC's).
    #[arg(long, env = "WINDLASS_S3_ENDPOINT", requires = "s3_bucket")]
    pub s3_endpoint: Option<String>,
    /// The same for browsers, where they reach the store at another address.
    #[arg(long, env = "WINDLASS_S3_PUBLIC_ENDPOINT", requires = "s3_bucket")]
    pub s3_public_endpoint: Option<String>,
    /// Whether browsers send their bytes by S3 Transfer Acceleration, which has to be switched on for the
    /// bucket and costs extra.
    #[arg(
        long,
        env = "WINDLASS_S3_ACCELERATE",
        action = ArgAction::Set,
        default_value_t = false,
        conflicts_with_all = ["s3_endpoint", "s3_public_endpoint"]
    )]
    pub s3_accelerate: bool,
    /// Whether addresses name the bucket in the path and not in the host: by default with an endpoint that is
    /// not Amazon's.
    #[arg(long, env = "WINDLASS_S3_PATH_STYLE", action = ArgAction::Set, requires = "s3_bucket")]
    pub s3_path_style: Option<bool>,
    /// Whether the store honours If-None-Match on writes, so that no signed URL can replace an object: by
    /// default with Amazon's and the embedded store.
    #[arg(long, env = "WINDLASS_S3_CONDITIONAL_WRITES", action = ArgAction::Set)]
    pub s3_conditional_writes: Option<bool>,
    /// The embedded store's port; the one after the API's by default.
    #[arg(long, env = "WINDLASS_STORE_PORT")]
    pub store_port: Option<u16>,
    /// The embedded store's address for browsers, where they reach it at another one than this machine
    /// does, such as http://192.168.1.5:8081 for a phone in the same network.
    #[arg(long, env = "WINDLASS_STORE_PUBLIC_URL")]
    pub store_public_url: Option<String>,
}

/// Which bucket it is.
#[derive(Debug, Clone)]
pub enum StorePlace {
    /// In S3 or a store that speaks its protocol.
    Remote(S3Settings),
    /// In this process.
    Embedded,
}

impl StoreOptions {
    /// Which bucket it is.
    pub fn place(&self) -> StorePlace {
        let Some(bucket) = self.s3_bucket.clone() else { return StorePlace::Embedded };
        let is_path = self.s3_path_style.unwrap_or(!self.is_amazons());
        StorePlace::Remote(S3Settings {
            bucket,
            region: self.s3_region.clone(),
            endpoint: self.s3_endpoint.clone(),
            public_endpoint: self.s3_public_endpoint.clone(),
            accelerate: self.s3_accelerate,
            addressing: if is_path { Addressing::Path } else { Addressing::VirtualHost },
            credentials: CredentialsFrom::Chain,
        })
    }

    /// Whether nothing says that the store is another than Amazon's; the embedded one is as good.
    fn is_amazons(&self) -> bool {
        self.s3_endpoint.as_deref().is_none_or(|endpoint| {
            let uri = endpoint.parse::<http::Uri>().ok();
            let host = uri.as_ref().and_then(|uri| uri.host()).unwrap_or_default().to_ascii_lowercase();
            AMAZONS_DOMAINS.iter().any(|domain| host.ends_with(domain))
        })
    }

    /// Whether `If-None-Match` is signed into writes.
    pub fn conditional_writes(&self) -> bool {
        self.s3_conditional_writes.unwrap_or(self.is_amazons())
    }

    /// Where the embedded store listens, beside an API that listens there.
    pub fn embedded_address(&self, api: SocketAddr) -> SocketAddr {
        let port = self.store_port.unwrap_or(match api.port() {
            0 => 0,
            port => port.checked_add(1).unwrap_or(0),
        });
        SocketAddr::new(api.ip(), port)
    }

    /// How the embedded store is spoken to once it listens.
    pub fn embedded_settings(&self, listens: SocketAddr, keys: &StoreKeys) -> S3Settings {
        let mut here = listens;
        if here.ip().is_unspecified() {
            here.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        S3Settings {
            bucket: EMBEDDED_BUCKET.to_owned(),
            region: Some(EMBEDDED_REGION.to_owned()),
            endpoint: Some(format!("http://{here}")),
            public_endpoint: self.store_public_url.clone(),
            accelerate: false,
            addressing: Addressing::Path,
            credentials: CredentialsFrom::Fixed {
                access_key_id: keys.access_key_id.clone(),
                secret_access_key: keys.secret_access_key.clone(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        store: StoreOptions,
    }

    fn line(arguments: &[&str]) -> Result<StoreOptions, clap::Error> {
        Line::try_parse_from([&["windlass"], arguments].concat()).map(|line| line.store)
    }

    #[test]
    fn an_endpoint_of_amazons_is_used_as_amazon_without_one() {
        let guessed = |endpoint: &str| {
            let store = line(&["--s3-bucket", "photos", "--s3-endpoint", endpoint]).unwrap();
            let StorePlace::Remote(settings) = store.place() else { panic!("a bucket is named") };
            (settings.addressing, store.conditional_writes())
        };
        for amazons in [
            "https://s3.eu-central-1.amazonaws.com",
            "https://S3.Dualstack.eu-central-1.AmazonAWS.com:443",
            "https://s3-fips.us-gov-west-1.amazonaws.com/",
            "https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com",
            "https://s3.cn-north-1.amazonaws.com.cn",
        ] {
            assert_eq!(guessed(amazons), (Addressing::VirtualHost, true), "{amazons}");
        }
        for other in [
            "http://127.0.0.1:9000",
            "https://minio.example.com",
            "https://s3.amazonaws.com.example.com",
            "https://notamazonaws.com",
            "https://minio.example.com/.amazonaws.com",
        ] {
            assert_eq!(guessed(other), (Addressing::Path, false), "{other}");
        }
    }

    #[test]
    fn settings_of_a_bucket_without_its_name_are_refused() {
        for (option, value) in [
            ("--s3-region", "eu-central-1"),
            ("--s3-endpoint", "https://minio.example.com"),
            ("--s3-public-endpoint", "https://photos.example.com"),
            ("--s3-path-style", "true"),
        ] {
            let refused = line(&[option, value]).unwrap_err().to_string();
            assert!(refused.contains("--s3-bucket"), "{option}: {refused}");
            assert!(line(&["--s3-bucket", "photos", option, value]).is_ok(), "{option}");
        }
        assert!(matches!(line(&[]).unwrap().place(), StorePlace::Embedded));
    }
}

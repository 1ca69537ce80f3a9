//! Wires the operations to the `s3s` protocol crate: who may call, which bucket there is.

use std::sync::Arc;

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Result, s3_error};

use super::Surface;
use crate::store::EmbeddedStore;

/// A Complete of 10,000 parts with SHA-256 checksums is about 2.5 MiB of XML.
const XML_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// The store behind SigV4, for its one identity and its one bucket.
pub(crate) fn protocol(store: EmbeddedStore) -> S3Service {
    let config = &store.inner.config;
    let auth = SimpleAuth::from_single(config.access_key_id.clone(), config.secret_access_key.clone());
    let access = OneBucket(config.bucket.clone());
    let mut limits = S3Config::default();
    limits.xml_max_body_size = XML_LIMIT_BYTES;

    let mut builder = S3ServiceBuilder::new(Surface(store));
    builder.set_auth(auth);
    builder.set_access(access);
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(limits))));
    builder.build()
}

/// Lets signed requests for the one bucket through.
struct OneBucket(String);

#[async_trait::async_trait]
impl S3Access for OneBucket {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "This store answers signed requests only"));
        }
        match context.s3_path().get_bucket_name() {
            Some(bucket) if bucket != self.0 => {
                Err(s3_error!(NoSuchBucket, "The specified bucket does not exist"))
            }
            _ => Ok(()),
        }
    }
}

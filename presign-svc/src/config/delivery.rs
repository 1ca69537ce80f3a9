//! How photos reach browsers, where not from the bucket itself.

use std::path::PathBuf;

use clap::Args;

use crate::delivery::{
    BaseUrl, CloudFront, Delivery, InvalidSigningKey, KeyPrefix, PublicObjects, SigningKey, Wildcard,
};

/// Delivery.
#[derive(Debug, Clone, Default, Args)]
pub struct DeliveryOptions {
    /// Keys that begin so are open to everybody, such as acme/showcase/, separated by commas: their photos
    /// have addresses without a signature. The bucket's policy must allow it.
    #[arg(long, env = "WINDLASS_PUBLIC_PREFIXES", value_delimiter = ',')]
    pub public_prefixes: Vec<KeyPrefix>,
    /// Where those objects are, where not at the bucket's own address, such as https://img.example.com.
    #[arg(long, env = "WINDLASS_PUBLIC_URL", requires = "public_prefixes")]
    pub public_url: Option<BaseUrl>,
    /// The CloudFront distribution in front of the bucket, such as https://d111111abcdef8.cloudfront.net.
    #[arg(
        long,
        env = "WINDLASS_CLOUDFRONT_URL",
        requires = "cloudfront_key_pair_id",
        requires = "cloudfront_private_key_file"
    )]
    pub cloudfront_url: Option<BaseUrl>,
    /// The id of the public key in the distribution's key group, such as K2JCJMDEHXQW5F.
    #[arg(long, env = "WINDLASS_CLOUDFRONT_KEY_PAIR_ID", value_parser = key_pair_id)]
    pub cloudfront_key_pair_id: Option<String>,
    /// A file with the private key, in PEM: RSA of 2048 bits, or ECDSA over P-256.
    #[arg(long, env = "WINDLASS_CLOUDFRONT_PRIVATE_KEY_FILE")]
    pub cloudfront_private_key_file: Option<PathBuf>,
    /// What one of CloudFront's signatures opens. By `project` one does for a whole page of photos; whoever has it
    /// can also fetch what nobody gets a URL of, such as photos in quarantine: docs/delivery.md.
    #[arg(long, env = "WINDLASS_CLOUDFRONT_WILDCARD", value_enum, default_value_t)]
    pub cloudfront_wildcard: Wildcard,
}

/// Why CloudFront's URLs cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The key's file cannot be read.
    #[error("the CloudFront key {file} cannot be read: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It holds no key CloudFront takes.
    #[error("the CloudFront key {file} cannot be used: {source}")]
    Key {
        /// The file.
        file: PathBuf,
        /// Why.
        source: InvalidSigningKey,
    },
}

fn key_pair_id(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not the id of a key, such as K2JCJMDEHXQW5F"))
    }
}

impl DeliveryOptions {
    /// The ways that are configured.
    pub fn ways(&self) -> Result<Delivery, DeliveryError> {
        let public = (!self.public_prefixes.is_empty())
            .then(|| PublicObjects { prefixes: self.public_prefixes.clone(), base: self.public_url.clone() });
        Ok(Delivery { public, cloudfront: self.cloudfront()? })
    }

    /// The distribution, where there is one.
    pub fn cloudfront(&self) -> Result<Option<CloudFront>, DeliveryError> {
        let (Some(base), Some(id), Some(file)) =
            (&self.cloudfront_url, &self.cloudfront_key_pair_id, &self.cloudfront_private_key_file)
        else {
            return Ok(None);
        };
        let file = || file.clone();
        let pem =
            std::fs::read_to_string(file()).map_err(|source| DeliveryError::File { file: file(), source })?;
        let key = SigningKey::from_pem(&pem).map_err(|source| DeliveryError::Key { file: file(), source })?;
        Ok(Some(CloudFront::new(base.clone(), id.clone(), key, self.cloudfront_wildcard)))
    }
}

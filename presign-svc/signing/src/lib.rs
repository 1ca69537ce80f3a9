//! AWS Signature Version 4 query presigning for S3 object operations, without IO and without a clock.
//!
//! Why our own: signing is what the service exists for, and the SDK's way costs dozens of times more.
//! Why it is safe to have: the property tests hold every URL against `aws-sigv4` and against
//! `aws-sdk-s3`'s own `.presigned()`.
//!
//! ```
//! use std::time::Duration;
//! use time::macros::datetime;
//! use windlass_signing::{Addressing, Credentials, Endpoint, PutHeaders, Signer, Validity};
//!
//! let endpoint = Endpoint::new("http://localhost:3900", "garage", "photos", Addressing::Path)?;
//! let signer = Signer::new(endpoint, Credentials::new("GK1234", "secret")?);
//! let quarter_hour = Validity::new(datetime!(2026-09-22 10:11:12 UTC), Duration::from_secs(900));
//! let put = PutHeaders { content_length: Some(4096), content_type: Some("image/jpeg"), ..Default::default() };
//! let request = signer.put_object("tenant/job 7/photo.jpg", &put, &quarter_hour)?;
//!
//! assert!(request.url.expose().starts_with("http://localhost:3900/photos/tenant/job%207/photo.jpg?X-Amz-"));
//! assert_eq!(request.headers.iter().next(), Some(("content-length", "4096".into())));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What makes it fast: the day's signing key is kept as an HMAC state with both pads absorbed, and for
//! every signing time so is the head of the string to sign; parts of one upload share the hash of
//! everything before their number; texts are put together once, in one piece, and hashed in one call.

mod canonical;
mod credentials;
mod encode;
mod endpoint;
mod error;
mod get;
mod hash;
mod headers;
mod key;
mod moment;
mod part;
mod post;
mod put;
mod recent;
mod signed_url;
mod signer;
mod validity;

#[cfg(test)]
mod tests;

pub use credentials::Credentials;
pub use endpoint::{Addressing, Endpoint};
pub use error::{InvalidCredentials, InvalidEndpoint, KeyProblem, SignError};
pub use get::GetOptions;
pub use headers::{Checksum, ChecksumAlgorithm, HeadersToSend};
pub use part::{MAX_PART_NUMBER, PartHeaders};
pub use post::{PostConditions, SignedForm};
pub use put::PutHeaders;
pub use signed_url::{SignedRequest, SignedUrl};
pub use signer::{Presigner, Signer};
pub use validity::{CREDENTIALS_MARGIN_S, MAX_LIFETIME_S, MIN_CUT_LIFETIME_S, Validity};

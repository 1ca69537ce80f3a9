//! A small durable S3-compatible object store that runs inside the service's process.
//!
//! It is the default of a fresh Windlass and what the tests run on; production uses S3 itself.
//! The [`s3s`] crate speaks the protocol (XML, SigV4), everything under it is here.
//!
//! What it promises:
//! - An answered write is on disk (`fsync` of file and folder). A crash at any point leaves each
//!   key with its old object or its new one, whole.
//! - Checksums (CRC32, CRC32C, CRC64NVME, SHA-256, `Content-MD5`) are verified before a body counts.
//! - Completing a multipart upload moves no bytes: its parts become the object.
//! - Bodies are streamed; a request holds less than 2 MiB whatever the object's size.
//! - Forms (`PostObject`) are taken by a signed policy, which is read before their file is.
//! - Only SigV4, never SigV2; no unsigned `x-amz-*` header; no presigned URL over 7 days.
//!
//! Where it differs from S3, on purpose:
//! - Completing an upload again answers 200 as the first time, for as long as its object is the
//!   current one, and also with `If-None-Match: *`: a client whose answer got lost simply asks again.
//! - One bucket, one identity, path-style addresses, no versions, no ACLs, no SHA-1 checksums.
//! - A copied object is one body with a plain MD5 as its ETag, also when its source was multipart.
//!
//! Logs: the protocol crate logs whole requests at debug level, signed URLs included, and every
//! refusal as an error. Turn its target off (`s3s=off`); this crate logs what matters, without
//! queries, under its own.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use windlass_embedded_store::{AllowedOrigins, EmbeddedStore, StoreConfig};
//!
//! let store = EmbeddedStore::open(StoreConfig {
//!     root: "windlass-data/store".into(),
//!     bucket: "windlass".into(),
//!     region: "us-east-1".into(),
//!     access_key_id: "windlass".into(),
//!     secret_access_key: "made at first start".into(),
//!     allowed_origins: AllowedOrigins::Any,
//! })
//! .await?;
//! store.on_object_created(|object| tracing::info!(key = object.key, "stored"));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:9000").await?;
//! store.serve(listener, std::future::pending()).await?;
//! # Ok(()) }
//! ```

mod blob;
mod catalogue;
mod checksum;
mod config;
mod cors;
mod drain;
mod guard;
mod layout;
mod leases;
mod manifest;
mod s3;
mod server;
mod store;
mod sweep;
mod uploads;

pub use config::{AllowedOrigins, InvalidOrigin, Origin, StoreConfig};
pub use store::{CreatedBy, EmbeddedStore, ObjectCreated, OpenError};
pub use sweep::{RemovedBodies, RemovedUploads};

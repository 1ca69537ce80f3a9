//! A bucket under test: the port's adapter for it, and what is known of the server behind.

use anyhow::Result;
use tokio::sync::OnceCell;
use windlass_presign_svc::adapters::s3::{CredentialsFrom, S3Settings, S3Store};
use windlass_presign_svc::domain::object_key::ObjectKey;
use windlass_presign_svc::ports::object_store::{SignedRequest, SigningWindow};
use windlass_s3_suite::sending::Sending;
use windlass_s3_suite::{EmbeddedServer, Garage, GarageError, S3Target};
use windlass_signing::Addressing;

/// A store and its bucket.
pub struct Bucket {
    pub store: S3Store,
    pub target: S3Target,
}

impl Bucket {
    pub async fn of(target: &S3Target) -> Result<Self> {
        Ok(Self { store: S3Store::connect(&settings(target)).await?, target: target.clone() })
    }
}

/// What an operator would say about it.
pub fn settings(target: &S3Target) -> S3Settings {
    S3Settings {
        bucket: target.bucket.clone(),
        region: Some(target.region.clone()),
        endpoint: Some(target.endpoint.clone()),
        public_endpoint: None,
        accelerate: false,
        addressing: Addressing::Path,
        credentials: CredentialsFrom::Fixed {
            access_key_id: target.access_key_id.clone(),
            secret_access_key: target.secret_access_key.clone(),
        },
    }
}

/// Runs a law on a store of its own.
pub async fn on_embedded_store(law: impl AsyncFnOnce(&Bucket) -> Result<()>) -> Result<()> {
    let server = EmbeddedServer::start().await?;
    law(&Bucket::of(server.target()).await?).await
}

/// One for all laws; it ends with this process, see [`Garage`].
static GARAGE: OnceCell<Option<Garage>> = OnceCell::const_new();

/// Runs a law on Garage, where it is installed.
pub async fn on_garage(law: impl AsyncFnOnce(&Bucket) -> Result<()>) -> Result<()> {
    let garage = GARAGE.get_or_try_init(|| async {
        match Garage::start().await {
            Ok(garage) => Ok(Some(garage)),
            Err(GarageError::NotInstalled { looked_for }) => {
                eprintln!("skipped: garage not installed ({}), run cargo xtask test", looked_for.display());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    });
    match garage.await? {
        Some(garage) => law(&Bucket::of(garage.target()).await?).await,
        None => Ok(()),
    }
}

/// A key of our own kind. Laws run side by side on one bucket, so each uses a name of its own.
pub fn key(name: &str) -> Result<ObjectKey> {
    Ok(ObjectKey::try_from(format!("acme/job=7/{name}"))?)
}

/// From now on, for as long as the service signs.
pub fn quarter_hour() -> SigningWindow {
    SigningWindow::beginning_at(time::OffsetDateTime::now_utc(), std::time::Duration::from_secs(900))
}

/// A signed request as a browser sends it: `content-length` follows from the body.
pub fn sending(method: reqwest::Method, signed: &SignedRequest, body: &bytes::Bytes) -> Sending {
    let headers = signed.headers.iter().filter(|(name, _)| *name != "content-length");
    Sending {
        method,
        url: signed.url.clone(),
        headers: headers.map(|(name, value)| (name.clone(), value.clone())).collect(),
        body: body.clone(),
    }
}

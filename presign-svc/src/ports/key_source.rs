//! Where an identity provider's public keys come from.

use async_trait::async_trait;

/// One fixed place that publishes a JSON Web Key Set (RFC 7517).
#[async_trait]
pub trait KeySource: Send + Sync + 'static {
    /// The document as it is now. Takes neither long nor much memory, whatever is sent.
    async fn fetch(&self) -> Result<Vec<u8>, FetchError>;

    /// What messages call it.
    fn name(&self) -> &str;
}

/// Why there is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FetchError(pub String);

//! What the store is told at start: where it keeps its files, how it is called, who may sign.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Configuration of one store: one folder, one bucket, one pair of keys.
#[derive(Clone)]
pub struct StoreConfig {
    /// The folder that holds everything; made at [`open`](crate::EmbeddedStore::open) when missing.
    pub root: PathBuf,
    /// The only bucket there is. It exists from the start and cannot be deleted.
    pub bucket: String,
    /// The region that signatures must name, `us-east-1` for instance.
    pub region: String,
    /// The access key id of the only identity.
    pub access_key_id: String,
    /// Its secret. Never logged: `Debug` leaves it out.
    pub secret_access_key: String,
    /// The web origins whose scripts may read answers.
    pub allowed_origins: AllowedOrigins,
}

impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConfig")
            .field("root", &self.root)
            .field("bucket", &self.bucket)
            .field("region", &self.region)
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &"[redacted]")
            .field("allowed_origins", &self.allowed_origins)
            .finish()
    }
}

/// Which web origins a browser may read the store's answers from (CORS).
///
/// Signatures guard the objects; this list only decides which pages may use a signed URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Every origin, answered as `*`. Right where the signed URL is the whole secret.
    Any,
    /// Exactly these; compared whole, never by suffix or pattern.
    Exactly(Vec<Origin>),
}

/// A web origin as a browser sends it: scheme, host and port, in lower case (RFC 6454).
///
/// ```
/// use windlass_embedded_store::Origin;
/// let origin: Origin = "https://Photos.Example.com:443".parse()?;
/// assert_eq!(origin.as_str(), "https://photos.example.com");
/// # Ok::<(), windlass_embedded_store::InvalidOrigin>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

/// A text that is not a web origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a web origin: write scheme, host and port only, such as https://photos.example.com")]
pub struct InvalidOrigin(String);

impl Origin {
    /// The text a browser would send in its `Origin` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidOrigin(text.to_owned());
        let (scheme, authority) = text.split_once("://").ok_or_else(invalid)?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "http" => "80",
            "https" => "443",
            _ => return Err(invalid()),
        };
        let authority: http::uri::Authority =
            authority.to_ascii_lowercase().parse().map_err(|_| invalid())?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(invalid());
        }
        match authority.port() {
            Some(port) if port.as_str() != default_port => Ok(Self(format!("{scheme}://{authority}"))),
            _ => Ok(Self(format!("{scheme}://{}", authority.host()))),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_send_them() {
        for (text, sent) in [
            ("https://good.com", "https://good.com"),
            ("HTTPS://Good.com:443", "https://good.com"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().as_str(), sent, "{text}");
        }
    }

    #[test]
    fn what_is_not_an_origin_is_refused() {
        for text in [
            "null",
            "*",
            "good.com",
            "https://good.com/path",
            "ftp://good.com",
            "https://a@good.com",
            "https://",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_secret_does_not_show_in_debug_output() {
        let config = StoreConfig {
            root: PathBuf::from("store"),
            bucket: "photos".into(),
            region: "us-east-1".into(),
            access_key_id: "AKID".into(),
            secret_access_key: "canary-secret".into(),
            allowed_origins: AllowedOrigins::Any,
        };
        assert!(!format!("{config:?}").contains("canary-secret"));
    }
}

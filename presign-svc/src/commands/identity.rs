//! What keeps a running service's keys current: the identity provider's are fetched before the first token
//! comes, and a file of secrets is read again when it changes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::auth::KeyCache;
use crate::config::{AuthError, AuthOptions, read_secret_file};

/// How often the file of secrets is looked at.
const PERIOD: Duration = Duration::from_secs(5);

/// Runs until the service stops.
pub async fn keep_current(options: AuthOptions, app: Arc<App>, stop: CancellationToken) {
    if let Some(provider) = app.tokens.provider() {
        look_first(provider, app.clock.now(), &stop).await;
    }
    let Some(path) = options.jwt_hs256_secret_file else { return };
    // What the service began with may be older than the file by now: whatever it holds is read once more.
    let mut known = None;
    let mut complaint = String::new();
    let mut period = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = period.tick() => {}
        }
        let read = read(path.clone()).await;
        let replaced = match &read {
            Ok(secrets) if known.as_ref() != Some(secrets) => {
                app.tokens.replace_secrets(secrets).map(|()| true).map_err(|error| error.to_string())
            }
            Ok(_) => Ok(false),
            Err(error) => Err(error.to_string()),
        };
        match replaced {
            Ok(true) => {
                let secrets = read.unwrap_or_default();
                if known.is_some() {
                    tracing::info!(secrets = secrets.len(), "the file of secrets was read again");
                }
                known = Some(secrets);
                complaint.clear();
            }
            Ok(false) => complaint.clear(),
            // Said once: nobody reads the same every five seconds.
            Err(error) if error != complaint => {
                tracing::error!(%error, "the file of secrets cannot be used: those read last stay in use");
                complaint = error;
            }
            Err(_) => {}
        }
    }
}

/// Looks at the provider's keys, unless a stop comes first: one that hangs is not waited for.
async fn look_first(provider: &KeyCache, now: OffsetDateTime, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = provider.look(now) => {}
    }
}

async fn read(path: PathBuf) -> Result<Vec<String>, AuthError> {
    let read = tokio::task::spawn_blocking(move || read_secret_file(&path)).await;
    read.unwrap_or_else(|error| {
        Err(AuthError::SecretFile { path: String::new(), source: std::io::Error::other(error) })
    })
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::ports::key_source::{FetchError, KeySource};

    /// Takes the question, and never answers.
    struct Silent;

    #[async_trait]
    impl KeySource for Silent {
        async fn fetch(&self) -> Result<Vec<u8>, FetchError> {
            std::future::pending().await
        }

        fn name(&self) -> &str {
            "https://id.example.com/keys"
        }
    }

    #[tokio::test]
    async fn a_stop_does_not_wait_for_a_provider_that_hangs() {
        let (provider, stop) = (KeyCache::of(Arc::new(Silent)), CancellationToken::new());
        let mut looking = std::pin::pin!(look_first(&provider, OffsetDateTime::UNIX_EPOCH, &stop));
        assert!(futures::poll!(&mut looking).is_pending());
        stop.cancel();
        assert!(futures::poll!(&mut looking).is_ready());
    }
}

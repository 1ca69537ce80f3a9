//! What keeps a running service's keys current: the identity provider's are fetched before the first token
//! comes, and a file of secrets is read again when it changes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::{AuthError, AuthOptions, read_secret_file};

/// How often the file of secrets is looked at.
const PERIOD: Duration = Duration::from_secs(5);

/// Runs until the service stops.
pub async fn keep_current(options: AuthOptions, app: Arc<App>, stop: CancellationToken) {
    if let Some(provider) = app.tokens.provider() {
        provider.look(app.clock.now()).await;
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

async fn read(path: PathBuf) -> Result<Vec<String>, AuthError> {
    let read = tokio::task::spawn_blocking(move || read_secret_file(&path)).await;
    read.unwrap_or_else(|error| {
        Err(AuthError::SecretFile { path: String::new(), source: std::io::Error::other(error) })
    })
}

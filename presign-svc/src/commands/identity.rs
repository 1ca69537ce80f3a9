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
    let mut known = read(path.clone()).await.unwrap_or_default();
    let mut period = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = period.tick() => {}
        }
        match read(path.clone()).await {
            Ok(secrets) if secrets != known => {
                match app.tokens.replace_secrets(&secrets) {
                    Ok(()) => tracing::info!(secrets = secrets.len(), "the file of secrets was read again"),
                    Err(error) => tracing::error!(%error, "the file of secrets is left unread"),
                }
                known = secrets;
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "the secrets read last stay in use"),
        }
    }
}

async fn read(path: PathBuf) -> Result<Vec<String>, AuthError> {
    let read = tokio::task::spawn_blocking(move || read_secret_file(&path)).await;
    read.unwrap_or_else(|error| {
        Err(AuthError::SecretFile { path: String::new(), source: std::io::Error::other(error) })
    })
}

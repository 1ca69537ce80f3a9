//! The signer of the moment. Credentials rotate; a signer is made of one set of them and replaced when
//! they are. Requests do not wait for that while the old ones still work. The provider may be slower than whoever asks
//! has patience: it is asked in a task of its own, which ends with an answer whether somebody still waits or not.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use time::OffsetDateTime;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use windlass_signing::{Credentials, Endpoint, Signer};

use crate::ports::object_store::{StoreError, StoreResult};

/// Credentials are asked for again this long before they end, so that new URLs get their full life.
const BEFORE_THE_END: Duration = Duration::from_secs(15 * 60);
/// And never less often than this: a profile or a mounted secret may have changed.
const LONGEST_USE: Duration = Duration::from_secs(15 * 60);
/// While the provider has nothing newer, or fails, it is asked this often.
const SHORTEST_USE: Duration = Duration::from_secs(30);
/// A provider that takes longer is not waited for: its next answer may be better.
const LONGEST_ASKING: Duration = Duration::from_secs(30);

/// Makes signers from what a provider of credentials gives. Clones share them.
#[derive(Clone)]
pub(super) struct SignerSource {
    endpoint: Endpoint,
    provider: SharedCredentialsProvider,
    current: Arc<RwLock<Option<Current>>>,
    /// Held by the task that asks the provider.
    loading: Arc<Mutex<()>>,
}

#[derive(Clone)]
struct Current {
    signer: Arc<Signer>,
    /// When to ask the provider again.
    due: Instant,
}

impl SignerSource {
    pub(super) fn new(endpoint: Endpoint, provider: SharedCredentialsProvider) -> Self {
        Self { endpoint, provider, current: Arc::default(), loading: Arc::default() }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The signer to use now.
    pub(super) async fn signer(&self) -> StoreResult<Arc<Signer>> {
        if let Some(current) = self.current() {
            if Instant::now() < current.due {
                return Ok(current.signer);
            }
            if !has_ended(&current.signer, OffsetDateTime::now_utc()) {
                // Where somebody is asking already, or has just had an answer, that is enough.
                if let Ok(loading) = Arc::clone(&self.loading).try_lock_owned()
                    && self.current().is_some_and(|newest| newest.due == current.due)
                {
                    drop(self.load(Some(current.clone()), loading));
                }
                return Ok(current.signer);
            }
        }
        let loading = Arc::clone(&self.loading).lock_owned().await;
        // Whoever held the lock before may have answered the question.
        match self.current() {
            Some(current) if Instant::now() < current.due => Ok(current.signer),
            current => loaded(self.load(current, loading)).await,
        }
    }

    /// A signer with other credentials than `ended`, whose credentials end too soon to sign with.
    pub(super) async fn newer_than(&self, ended: &Arc<Signer>) -> StoreResult<Arc<Signer>> {
        let loading = Arc::clone(&self.loading).lock_owned().await;
        match self.current() {
            Some(current) if !Arc::ptr_eq(&current.signer, ended) => Ok(current.signer),
            current => loaded(self.load(current, loading)).await,
        }
    }

    fn load(
        &self,
        before: Option<Current>,
        loading: OwnedMutexGuard<()>,
    ) -> JoinHandle<StoreResult<Arc<Signer>>> {
        let source = self.clone();
        tokio::spawn(async move {
            let _loading = loading;
            source.ask(before).await
        })
    }

    async fn ask(&self, before: Option<Current>) -> StoreResult<Arc<Signer>> {
        let loaded = match timeout(LONGEST_ASKING, self.provider.provide_credentials()).await {
            Ok(Ok(credentials)) => ours(&credentials),
            Ok(Err(error)) => Err(refusal(&error)),
            Err(_) => Err(StoreError::Unavailable("the provider of credentials does not answer".to_owned())),
        };
        let now = OffsetDateTime::now_utc();
        let current = match (loaded, before) {
            (Ok(credentials), before) => {
                let left = credentials.expires_at().map(|end| (end - now).try_into().unwrap_or_default());
                let signer = match before {
                    Some(before) if *before.signer.credentials() == credentials => before.signer,
                    _ => Arc::new(Signer::new(self.endpoint.clone(), credentials)),
                };
                Current { signer, due: Instant::now() + use_for(left) }
            }
            (Err(error), Some(before)) if !has_ended(&before.signer, now) => {
                tracing::warn!(%error, "credentials could not be renewed; the old ones still work");
                Current { signer: before.signer, due: Instant::now() + SHORTEST_USE }
            }
            (Err(error), _) => return Err(error),
        };
        let signer = Arc::clone(&current.signer);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(current);
        Ok(signer)
    }

    fn current(&self) -> Option<Current> {
        // A poisoned lock guards an `Option` that is replaced whole: it cannot be half written.
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn loaded(loading: JoinHandle<StoreResult<Arc<Signer>>>) -> StoreResult<Arc<Signer>> {
    // A task that ends without an answer has panicked, or the service is stopping.
    loading.await.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())))
}

/// How long credentials are used before the provider is asked again; `left` is their life, if it ends.
fn use_for(left: Option<Duration>) -> Duration {
    match left {
        Some(left) => left.saturating_sub(BEFORE_THE_END).clamp(SHORTEST_USE, LONGEST_USE),
        None => LONGEST_USE,
    }
}

fn has_ended(signer: &Signer, now: OffsetDateTime) -> bool {
    signer.credentials().expires_at().is_some_and(|end| end <= now)
}

fn ours(theirs: &aws_credential_types::Credentials) -> StoreResult<Credentials> {
    let mut credentials = Credentials::new(theirs.access_key_id(), theirs.secret_access_key())
        .map_err(|error| StoreError::PermissionDenied(error.to_string()))?;
    if let Some(token) = theirs.session_token() {
        credentials = credentials.with_session_token(token);
    }
    if let Some(end) = theirs.expiry() {
        credentials = credentials.with_expiry(end.into());
    }
    Ok(credentials)
}

fn refusal(error: &CredentialsError) -> StoreError {
    let told = aws_sdk_s3::error::DisplayErrorContext(error).to_string();
    match error {
        CredentialsError::ProviderTimedOut(_) | CredentialsError::ProviderError(_) => {
            StoreError::Unavailable(format!("no credentials could be had: {told}"))
        }
        _ => StoreError::PermissionDenied(format!("there are no credentials: {told}")),
    }
}

//! The keys of an identity provider, kept for a while. A key nobody knows makes it look again, at most once
//! a minute; while the provider cannot be reached, the keys it had last go on being used for a day.

use std::sync::{Arc, PoisonError, RwLock};

use time::{Duration, OffsetDateTime};

use super::TokenError;
use super::jwks::KeySet;
use super::jws::{Jws, VerifyingKey};
use crate::ports::key_source::KeySource;

/// How long keys are used without looking whether there are others.
pub const FRESH: Duration = Duration::minutes(10);
/// How long the last known keys are used while their provider cannot be reached.
pub const STALE_IF_ERROR: Duration = Duration::hours(24);
/// The shortest time between two looks, however many unknown keys are named.
pub const LOOK_PAUSE: Duration = Duration::minutes(1);
/// The same while there are no keys at all.
pub const FIRST_LOOK_PAUSE: Duration = Duration::seconds(5);

/// A provider's keys.
pub struct KeyCache {
    source: Arc<dyn KeySource>,
    known: RwLock<Known>,
    /// Held while somebody looks, so that others wait for what is found.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Default, Clone)]
struct Known {
    keys: Option<Arc<KeySet>>,
    as_of: Option<OffsetDateTime>,
    last_look: Option<OffsetDateTime>,
}

impl KeyCache {
    /// Of a source that is asked when the first key is wanted.
    pub fn of(source: Arc<dyn KeySource>) -> Self {
        Self { source, known: RwLock::default(), looking: tokio::sync::Mutex::default() }
    }

    /// Whether these are the provider's keys, looked at not long ago.
    pub(super) fn are_current(&self, keys: &Arc<KeySet>, now: OffsetDateTime) -> bool {
        let known = self.known();
        known.as_of.is_some_and(|as_of| now - as_of <= FRESH)
            && known.keys.is_some_and(|known| Arc::ptr_eq(&known, keys))
    }

    /// The key a token was signed with, and the set it is in.
    pub(super) async fn key_of(
        self: &Arc<Self>,
        token: &Jws<'_>,
        now: OffsetDateTime,
    ) -> Result<(VerifyingKey, Arc<KeySet>), TokenError> {
        let known = self.known();
        let age = known.as_of.map(|as_of| now - as_of);
        let is_usable = age.is_some_and(|age| age <= STALE_IF_ERROR);
        let usable = known.keys.filter(|_| is_usable);
        if let Some(found) = usable.and_then(|keys| Some((keys.key_of(token)?.clone(), keys))) {
            if age.is_some_and(|age| age > FRESH) && may_look(&self.known(), now) {
                let cache = self.clone();
                // Whoever asks is answered with the keys that are known.
                tokio::spawn(async move { cache.look(now).await });
            }
            return Ok(found);
        }
        self.look(now).await;
        let known = self.known();
        let keys = known.keys.filter(|_| known.as_of.is_some_and(|as_of| now - as_of <= STALE_IF_ERROR));
        let keys = keys.ok_or_else(|| {
            TokenError::Unverifiable(format!("the keys of {} are not known", self.source.name()))
        })?;
        let key = keys.key_of(token).cloned();
        key.map(|key| (key, keys)).ok_or(TokenError::Invalid("it names a key (kid) nobody knows here"))
    }

    /// Looks at the source, unless somebody did a moment ago.
    pub async fn look(&self, now: OffsetDateTime) {
        let _looking = self.looking.lock().await;
        if !may_look(&self.known(), now) {
            return;
        }
        let found = self.fetch().await;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.last_look = Some(now);
        match found {
            Ok(keys) => {
                known.keys = Some(Arc::new(keys));
                known.as_of = Some(now);
            }
            Err(error) => {
                tracing::warn!(source = self.source.name(), %error, "the identity provider's keys cannot be read");
            }
        }
    }

    /// How many usable keys the source publishes now, or a sentence's part about why none.
    pub async fn try_source(&self) -> Result<usize, String> {
        self.fetch().await.map(|keys| keys.len())
    }

    /// What messages call the source.
    pub fn name(&self) -> &str {
        self.source.name()
    }

    async fn fetch(&self) -> Result<KeySet, String> {
        let document = self.source.fetch().await.map_err(|error| error.to_string())?;
        KeySet::parse(&document).map_err(|error| error.to_string())
    }

    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn may_look(known: &Known, now: OffsetDateTime) -> bool {
    let pause = if known.keys.is_some() { LOOK_PAUSE } else { FIRST_LOOK_PAUSE };
    known.last_look.is_none_or(|last| now - last >= pause)
}

impl std::fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyCache").field("source", &self.source.name()).finish_non_exhaustive()
    }
}

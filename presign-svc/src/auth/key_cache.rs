//! The keys of an identity provider, kept for a while. A key nobody knows makes it look again, at most once
//! a minute; while the provider cannot be reached, the keys it had last go on being used for a day. Who comes after
//! a time in which nobody looked waits for a look: a key may have been withdrawn meanwhile.

use std::sync::{Arc, PoisonError, RwLock};

use time::{Duration, OffsetDateTime};

use super::TokenError;
use super::jwks::KeySet;
use super::jws::{Jws, VerifyingKey};
use crate::ports::key_source::KeySource;

/// How long keys are used without looking whether there are others.
pub const FRESH: Duration = Duration::minutes(10);
/// How long after the last look, whatever came of it, keys are used before there is another one.
const LOOK_FIRST_AFTER: Duration = Duration::minutes(15);
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
        known.as_of.is_some_and(|as_of| age_of(as_of, now) <= FRESH)
            && known.keys.is_some_and(|known| Arc::ptr_eq(&known, keys))
    }

    /// The key a token was signed with, and the set it is in.
    pub(super) async fn key_of(
        self: &Arc<Self>,
        token: &Jws<'_>,
        now: OffsetDateTime,
    ) -> Result<(VerifyingKey, Arc<KeySet>), TokenError> {
        let mut known = self.known();
        if known.last_look.is_some_and(|last| age_of(last, now) > LOOK_FIRST_AFTER) {
            self.look_to_the_end(now).await;
            known = self.known();
        }
        let age = known.as_of.map(|as_of| age_of(as_of, now));
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
        self.look_to_the_end(now).await;
        let known = self.known();
        let keys =
            known.keys.filter(|_| known.as_of.is_some_and(|as_of| age_of(as_of, now) <= STALE_IF_ERROR));
        let keys = keys.ok_or_else(|| {
            TokenError::Unverifiable(format!("the keys of {} are not known", self.source.name()))
        })?;
        let key = keys.key_of(token).cloned();
        key.map(|key| (key, keys)).ok_or(TokenError::Invalid("it names a key (kid) nobody knows here"))
    }

    /// The same as [`Self::look`], and goes on when whoever has asked gives up: else a provider that is silent would keep
    /// out all who are impatient, and be asked anew for each who names an unknown key and hangs up.
    async fn look_to_the_end(self: &Arc<Self>, now: OffsetDateTime) {
        let cache = self.clone();
        let _ = tokio::spawn(async move { cache.look(now).await }).await;
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
    known.last_look.is_none_or(|last| age_of(last, now) >= pause)
}

/// How long ago that was. A time far ahead is an old one: the clock was wrong then and has been set back, and to wait
/// until it gets there again would be to accept withdrawn keys for as long. Requests that come at once are told times
/// a little apart and wait for each other, so a time that is a little ahead is a moment ago.
fn age_of(then: OffsetDateTime, now: OffsetDateTime) -> Duration {
    (now - then).abs()
}

impl std::fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyCache").field("source", &self.source.name()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use time::macros::datetime;

    use super::*;
    use crate::ports::key_source::FetchError;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    /// After a night in which nobody looked.
    const MORNING: OffsetDateTime = datetime!(2026-11-22 6:00 UTC);

    /// What a provider publishes that is away.
    const AWAY: &str = "";

    /// Publishes one key of this name, and counts who looks.
    struct Provider(Mutex<(&'static str, u32)>);

    impl Provider {
        fn of(key: &'static str) -> Arc<Self> {
            Arc::new(Self(Mutex::new((key, 0))))
        }

        fn publish(&self, key: &'static str) {
            self.0.lock().unwrap().0 = key;
        }

        fn looks(&self) -> u32 {
            self.0.lock().unwrap().1
        }
    }

    #[async_trait]
    impl KeySource for Provider {
        async fn fetch(&self) -> Result<Vec<u8>, FetchError> {
            let mut publishes = self.0.lock().unwrap();
            publishes.1 += 1;
            if publishes.0 == AWAY {
                return Err(FetchError("it is away".to_owned()));
            }
            let point = URL_SAFE_NO_PAD.encode([7; 32]);
            let key = serde_json::json!({"kty": "OKP", "crv": "Ed25519", "kid": publishes.0, "x": point});
            Ok(serde_json::json!({"keys": [key]}).to_string().into_bytes())
        }

        fn name(&self) -> &str {
            "https://id.example.com/keys"
        }
    }

    /// Counts who looks, and never answers.
    #[derive(Default)]
    struct Silent(AtomicUsize);

    #[async_trait]
    impl KeySource for Silent {
        async fn fetch(&self) -> Result<Vec<u8>, FetchError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            std::future::pending().await
        }

        fn name(&self) -> &str {
            "https://id.example.com/keys"
        }
    }

    /// Signed with the key `old`, as it says.
    fn token() -> String {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg": "EdDSA", "kid": "old"}"#);
        format!("{header}.e30.c2lnbmVk")
    }

    /// A cache with the key of this token, and its provider.
    async fn looked_at_noon(token: &Jws<'_>) -> (Arc<Provider>, Arc<KeyCache>) {
        let provider = Provider::of("old");
        let cache = Arc::new(KeyCache::of(provider.clone()));
        assert!(cache.key_of(token, NOON).await.is_ok());
        (provider, cache)
    }

    #[tokio::test]
    async fn a_clock_that_was_ahead_and_is_set_back_keeps_no_withdrawn_key() {
        let text = token();
        let token = Jws::parse(&text).unwrap();
        let provider = Provider::of("old");
        let cache = Arc::new(KeyCache::of(provider.clone()));
        let (_, keys) = cache.key_of(&token, NOON + Duration::hours(2)).await.unwrap();
        assert!(cache.are_current(&keys, NOON + Duration::hours(2)));
        provider.publish("new");

        assert!(!cache.are_current(&keys, NOON));
        assert!(cache.key_of(&token, NOON).await.is_err());
        assert!(cache.key_of(&token, NOON - Duration::SECOND).await.is_err());
        assert_eq!(provider.looks(), 2, "nobody looks again who came a moment before the one who looked");
    }

    #[tokio::test]
    async fn keys_that_are_in_use_are_looked_at_while_nobody_waits() {
        let text = token();
        let token = Jws::parse(&text).unwrap();
        let (provider, cache) = looked_at_noon(&token).await;
        provider.publish("new");
        let later = NOON + FRESH + Duration::SECOND;
        assert!(cache.key_of(&token, later).await.is_ok(), "who asks first is not made to wait");
        tokio::task::yield_now().await;
        assert_eq!(provider.looks(), 2, "but it is looked");
        assert!(cache.key_of(&token, later).await.is_err());
    }

    #[tokio::test]
    async fn a_key_withdrawn_at_night_lets_in_none_of_those_who_come_at_once_in_the_morning() {
        let text = token();
        let token = Jws::parse(&text).unwrap();
        let (provider, cache) = looked_at_noon(&token).await;
        provider.publish("new");
        let crowd = futures::future::join_all((0..20).map(|_| cache.key_of(&token, MORNING))).await;
        assert!(crowd.iter().all(Result::is_err));
        assert_eq!(provider.looks(), 2, "one looks for all of them");
    }

    #[tokio::test]
    async fn a_provider_that_is_away_in_the_morning_is_waited_for_once_and_its_last_keys_are_used() {
        let text = token();
        let token = Jws::parse(&text).unwrap();
        let (provider, cache) = looked_at_noon(&token).await;
        provider.publish(AWAY);
        assert!(cache.key_of(&token, MORNING).await.is_ok());
        assert_eq!(provider.looks(), 2);
        let next = std::pin::pin!(cache.key_of(&token, MORNING + LOOK_PAUSE));
        assert!(
            matches!(futures::poll!(next), std::task::Poll::Ready(Ok(_))),
            "nobody waits for the next look"
        );
        tokio::task::yield_now().await;
        assert_eq!(provider.looks(), 3, "but it is looked");
    }

    #[tokio::test]
    async fn a_provider_is_asked_once_however_many_name_an_unknown_key_and_hang_up() {
        let text = token();
        let token = Jws::parse(&text).unwrap();
        let silent = Arc::new(Silent::default());
        let cache = Arc::new(KeyCache::of(silent.clone()));
        for _ in 0..20 {
            assert!(futures::poll!(Box::pin(cache.key_of(&token, NOON))).is_pending());
            tokio::task::yield_now().await;
        }
        assert_eq!(silent.0.load(Ordering::Relaxed), 1);
    }
}

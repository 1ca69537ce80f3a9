//! An identity provider on this machine: it publishes keys, signs tokens with them, and misbehaves on
//! demand.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use futures::StreamExt as _;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use windlass_presign_svc::adapters::outbound::KeyDocument;
use windlass_presign_svc::auth::{KeyCache, TokenRules, Tokens};

use super::TestOptions;

pub const ISSUER: &str = "https://id.example.com/";
pub const AUDIENCE: &str = "https://photos.example.com";

/// What is answered when the keys are asked for.
#[derive(Clone)]
pub enum Publishes {
    Keys(Vec<Value>),
    Redirect(String),
    Endless,
    Nothing(u16),
    /// It takes the question, and never answers.
    Silence,
    /// It answers, and stops in the middle of the keys.
    HalfOf(Vec<Value>),
}

#[derive(Clone)]
pub struct Provider {
    pub address: SocketAddr,
    publishes: Arc<Mutex<Publishes>>,
    asked: Arc<AtomicU32>,
}

/// Made for these tests with `openssl genrsa` and `genpkey`; they sign nothing else.
pub fn key(algorithm: Algorithm) -> EncodingKey {
    match algorithm {
        Algorithm::RS256 => EncodingKey::from_rsa_der(include_bytes!("keys/rs256.der")),
        Algorithm::ES256 => EncodingKey::from_ec_der(include_bytes!("keys/es256.der")),
        _ => EncodingKey::from_ed_der(include_bytes!("keys/ed25519.der")),
    }
}

/// The public half as a provider publishes it.
pub fn jwk(algorithm: Algorithm, id: &str) -> Value {
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&key(algorithm), algorithm).unwrap()).unwrap();
    jwk["kid"] = json!(id);
    jwk["use"] = json!("sig");
    jwk
}

impl Provider {
    /// Publishes one key of each algorithm, named as the algorithm is.
    pub async fn start() -> Self {
        let all = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
        let keys = all.iter().map(|algorithm| jwk(*algorithm, &format!("{algorithm:?}"))).collect();
        let publishes = Arc::new(Mutex::new(Publishes::Keys(keys)));
        let asked = Arc::new(AtomicU32::new(0));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self { address: listener.local_addr().unwrap(), publishes, asked };
        let answering = provider.clone();
        let router = Router::new().route(
            "/keys",
            get(move || {
                answering.asked.fetch_add(1, Ordering::SeqCst);
                let now = answering.publishes.lock().unwrap().clone();
                async move {
                    if matches!(now, Publishes::Silence) {
                        std::future::pending::<()>().await;
                    }
                    answer(now)
                }
            }),
        );
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    pub fn publish(&self, now: Publishes) {
        *self.publishes.lock().unwrap() = now;
    }

    /// How often the keys were asked for.
    pub fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }

    /// A service that trusts this provider, and nobody else.
    pub fn options(&self) -> TestOptions {
        let url = format!("http://{}/keys", self.address).parse().unwrap();
        let cache = Arc::new(KeyCache::of(Arc::new(KeyDocument::at(url).unwrap())));
        let none: [&[u8]; 0] = [];
        let tokens = Tokens::new(&none, Some(cache), TokenRules::new(ISSUER, AUDIENCE)).unwrap();
        TestOptions { tokens, ..TestOptions::default() }
    }
}

/// A token of these claims, under the name of a key.
pub fn signed(algorithm: Algorithm, kid: Option<&str>, claims: &Value) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
    encode(&header, claims, &key(algorithm)).unwrap()
}

fn answer(now: Publishes) -> Response {
    let build = Response::builder();
    match now {
        Publishes::Keys(keys) => build.body(Body::from(json!({"keys": keys}).to_string())),
        Publishes::Redirect(to) => build.status(302).header("location", to).body(Body::empty()),
        Publishes::Endless => {
            let chunk = Ok::<_, std::io::Error>(vec![b' '; 64 * 1024]);
            build.body(Body::from_stream(futures::stream::repeat_with(move || {
                chunk.as_ref().map(Clone::clone).map_err(|_| std::io::Error::other("unreachable"))
            })))
        }
        Publishes::HalfOf(keys) => {
            let mut text = json!({"keys": keys}).to_string();
            text.truncate(text.len() / 2);
            let half = futures::stream::iter([Ok::<_, std::io::Error>(text)]);
            build.body(Body::from_stream(half.chain(futures::stream::pending())))
        }
        // Waited out by whoever asked for it.
        Publishes::Silence => build.body(Body::empty()),
        Publishes::Nothing(status) => build.status(status).body(Body::empty()),
    }
    .unwrap()
}

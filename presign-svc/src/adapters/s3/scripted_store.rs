//! A store that answers what a test tells it to, on loopback, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use windlass_signing::Addressing;

use super::{CredentialsFrom, S3Settings, S3Store};

/// Answers in order; asked more often than there are answers, it says 500.
#[derive(Clone, Default)]
pub(super) struct ScriptedStore {
    answers: Arc<Mutex<VecDeque<Response>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ScriptedStore {
    /// Starts it on the current runtime, and a client store for it.
    pub(super) async fn start(answers: Vec<Response>) -> (Self, S3Store) {
        let script = Self { answers: Arc::new(Mutex::new(answers.into())), ..Self::default() };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let settings = S3Settings {
            bucket: "photos".into(),
            region: Some("eu-central-1".into()),
            endpoint: Some(format!("http://{}", listener.local_addr().unwrap())),
            public_endpoint: None,
            accelerate: false,
            addressing: Addressing::Path,
            credentials: CredentialsFrom::Fixed {
                access_key_id: "AKIA".into(),
                secret_access_key: "s".into(),
            },
        };
        let router = Router::new().fallback(answer).with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (script, S3Store::connect(&settings).await.unwrap())
    }

    /// Method, path and query of every request, in order.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(State(script): State<ScriptedStore>, request: Request) -> Response {
    script.asked.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
    script.answers.lock().unwrap().pop_front().unwrap_or_else(|| xml(500, ""))
}

/// An answer with a body.
pub(super) fn xml(status: u16, body: &'static str) -> Response {
    Response::builder()
        .status(status)
        .header("content-type", "application/xml")
        .body(Body::from(body))
        .unwrap()
}

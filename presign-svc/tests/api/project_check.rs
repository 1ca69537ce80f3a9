//! The project check: a company's own system says who works on a project (T19, T37).

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use windlass_presign_svc::adapters::outbound::ProjectWebhook;
use windlass_presign_svc::auth::{Membership, Scope};
use windlass_presign_svc::ports::key_source::FetchError;
use windlass_presign_svc::ports::project_check::ProjectCheck;
use windlass_protocol::{ProjectId, TenantId};

use crate::support::{PhotoSpec, TestApp, TestOptions, file_of, jpeg};

/// Longer than the service waits for an answer (3 s), on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A company's own system: it knows who works on which project.
async fn company(answer: fn(&Value) -> Value) -> (String, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/may", listener.local_addr().unwrap());
    let router = Router::new().route(
        "/may",
        post(move |headers: HeaderMap, Json(question): Json<Value>| {
            count.fetch_add(1, Ordering::SeqCst);
            let is_ours = headers["authorization"] == "Bearer shared";
            async move { Json(if is_ours { answer(&question) } else { json!("who are you?") }) }
        }),
    );
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

fn asking(url: &str) -> TestOptions {
    let webhook = ProjectWebhook::at(url.parse().unwrap(), Some("shared")).unwrap();
    TestOptions { membership: Membership::of(Some(Arc::new(webhook))), ..TestOptions::default() }
}

#[tokio::test]
async fn the_companys_own_system_says_who_works_on_a_project_and_is_not_asked_each_time() {
    let (url, asked) = company(|question| {
        assert_eq!((&question["tenant"], &question["subject"]), (&json!("acme"), &json!("ann")));
        json!({"allowed": question["project_id"] == "job-7"})
    })
    .await;
    let app = TestApp::start_with(asking(&url)).await;
    let all = app.token("acme", &["*"], &[Scope::Read]);
    let photos = |project: &'static str, token: String| {
        let app = &app;
        async move {
            let path = format!("/api/v1/photos?project_id={project}");
            app.call(Method::GET, &path, &token, Value::Null).await.status
        }
    };
    for _ in 0..3 {
        assert_eq!(photos("job-7", all.clone()).await, 200);
        assert_eq!(photos("job-8", all.clone()).await, 404);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2, "answers are kept");
    let other = app.token("acme", &["job-9"], &[Scope::Read]);
    assert_eq!(photos("job-7", other).await, 404, "a token that does not cover a project is not asked about");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    app.clock.advance(Duration::from_secs(61));
    assert_eq!(photos("job-7", app.token("acme", &["*"], &[Scope::Read])).await, 200);
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn t19_a_project_check_that_never_answers_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/may", listener.local_addr().unwrap());
    // It takes connections, and keeps them.
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok(connection) = listener.accept().await {
            kept.push(connection);
        }
    });
    let app = TestApp::start_with(asking(&url)).await;
    let answer = tokio::time::timeout(PATIENCE, app.get("/api/v1/photos?project_id=job-7")).await;
    answer.unwrap_or_else(|_| panic!("it hangs")).assert_problem(503, "unavailable");
    // Of the same machine: what asks nobody is answered all the while.
    assert_eq!(app.get("/api/v1/me").await.status, 200);
}

#[tokio::test]
async fn without_an_answer_about_a_project_nobody_gets_in() {
    let (url, _) = company(|_| json!({"allowed": "yes"})).await;
    for url in [url.as_str(), "http://127.0.0.1:9/may"] {
        let app = TestApp::start_with(asking(url)).await;
        app.get("/api/v1/photos?project_id=job-7").await.assert_problem(503, "unavailable");
    }
}

/// The addresses that were asked.
type Asked = Arc<Mutex<Vec<String>>>;

/// A system that answers anything at its address, and who is asked there.
async fn stranger(answer: impl Fn(String) -> Response + Clone + Send + Sync + 'static) -> (String, Asked) {
    let asked: Asked = Arc::default();
    let seen = asked.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/may", listener.local_addr().unwrap());
    let router = Router::new().fallback(move |headers: HeaderMap, uri: Uri, body: String| {
        let host = headers["host"].to_str().unwrap().to_owned();
        seen.lock().unwrap().push(format!("http://{host}{uri}"));
        let answer = answer.clone();
        async move { answer(body) }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

#[tokio::test]
async fn t37_the_project_check_is_asked_where_the_operator_said_and_nowhere_else() {
    let (elsewhere, asked_elsewhere) = stranger(|_| "{\"allowed\": true}".into_response()).await;
    for status in [301, 302, 303, 307, 308] {
        let to = elsewhere.clone();
        let redirect =
            move |_| (StatusCode::from_u16(status).unwrap(), [("location", to.clone())]).into_response();
        let (url, asked) = stranger(redirect).await;
        let app = TestApp::start_with(asking(&url)).await;
        app.get("/api/v1/photos?project_id=job-7").await.assert_problem(503, "unavailable");
        assert_eq!(*asked.lock().unwrap(), [url], "{status}");
    }
    assert_eq!(
        *asked_elsewhere.lock().unwrap(),
        [""; 0],
        "no redirect is followed, with the secret in the question"
    );

    // Whatever a caller says is in the body of the question, and never in its address.
    let (url, asked) = stranger(|_| "{\"allowed\": false}".into_response()).await;
    let app = TestApp::start_with(asking(&url)).await;
    let all = app.token("acme", &["*"], &[Scope::Read]);
    let projects = ["169.254.169.254", "0x7f000001", "2130706433", "metadata.google.internal", "localhost"];
    for project in projects {
        let path = format!("/api/v1/photos?project_id={project}");
        app.call(Method::GET, &path, &all, Value::Null).await.assert_problem(404, "not_found");
    }
    assert_eq!(*asked.lock().unwrap(), vec![url; projects.len()]);
}

#[tokio::test]
async fn t37_an_answer_about_a_project_is_read_no_further_than_one_can_be() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let endless = move |_| {
        let count = count.clone();
        let chunk = move || {
            count.fetch_add(1 << 16, Ordering::SeqCst);
            Ok::<_, std::io::Error>(" ".repeat(1 << 16))
        };
        Body::from_stream(futures::stream::repeat_with(chunk)).into_response()
    };
    let (url, _) = stranger(endless).await;
    let app = TestApp::start_with(asking(&url)).await;
    let answer = app.get("/api/v1/photos?project_id=job-7").await;
    answer.assert_problem(503, "unavailable");
    assert!(!answer.body.to_string().contains("127.0.0.1"), "{}", answer.body);
    let sent = sent.load(Ordering::SeqCst);
    assert!(sent < 16 << 20, "{sent} bytes, what lies in buffers among them");
}

/// A company's own system that answers about Bob once it is asked about two of his projects.
struct BothAtOnce(Barrier);

#[async_trait]
impl ProjectCheck for BothAtOnce {
    async fn may_touch(&self, _: &TenantId, subject: &str, _: &ProjectId) -> Result<bool, FetchError> {
        if subject == "bob" {
            self.0.wait().await;
        }
        Ok(true)
    }
}

#[tokio::test]
async fn the_projects_of_many_photos_are_asked_about_at_once() {
    let membership = Membership::of(Some(Arc::new(BothAtOnce(Barrier::new(2)))));
    let app = TestApp::start_with(TestOptions { membership, ..TestOptions::default() }).await;
    let ann = app.token("acme", &["*"], &Scope::ALL);
    let bytes = jpeg(&PhotoSpec::default());
    let mut photos = Vec::new();
    for (client_ref, project) in [("a", "job-7"), ("b", "job-8"), ("c", "job-8")] {
        let body = json!({"project_id": project, "files": [file_of(client_ref, "roof.jpg", &bytes)]});
        let announced = app.call(Method::POST, "/api/v1/uploads", &ann, body).await;
        let upload = &announced.body["uploads"][0];
        assert_eq!(app.put(upload, &bytes).await.status(), 200);
        let path = format!("/api/v1/uploads/{}/complete", upload["upload_id"].as_str().unwrap());
        assert_eq!(app.call(Method::POST, &path, &ann, Value::Null).await.status, 200);
        photos.push(upload["photo_id"].clone());
    }
    let bob = app.token_of("bob", "acme", &["*"], &[Scope::Read]);
    let urls = app.call(Method::POST, "/api/v1/photos/urls", &bob, json!({"photo_ids": photos})).await;
    assert_eq!(urls.status, 200, "{}", urls.body);
    let signed = urls.body["photos"].as_array().unwrap().iter().filter(|photo| photo["url"].is_string());
    assert_eq!(signed.count(), 3, "{}", urls.body);
}

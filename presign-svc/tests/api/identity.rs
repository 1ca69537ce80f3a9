//! Tokens of an identity provider, through HTTP on both sides: T16 to T19, and the project check, T37.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, crypto, encode};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use windlass_presign_svc::adapters::outbound::ProjectWebhook;
use windlass_presign_svc::auth::{Membership, Scope};
use windlass_presign_svc::ports::clock::Clock as _;

use crate::support::provider::{AUDIENCE, ISSUER, Provider, Publishes, jwk, key, signed};
use crate::support::{Answer, TestApp, TestOptions};

fn claims(app: &TestApp) -> Value {
    json!({
        "iss": ISSUER, "aud": [AUDIENCE, "https://id.example.com/userinfo"], "sub": "auth0|ann",
        "tenant": "acme", "projects": ["job-7"], "scope": "openid upload",
        "exp": app.clock.now().unix_timestamp() + 600,
    })
}

async fn me(app: &TestApp, token: &str) -> Answer {
    app.call(Method::GET, "/api/v1/me", token, Value::Null).await
}

const ALL: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

#[tokio::test]
async fn a_providers_tokens_let_people_in_whatever_it_signs_with() {
    let provider = Provider::start().await;
    let app = TestApp::start_with(provider.options()).await;
    for algorithm in ALL {
        let name = format!("{algorithm:?}");
        for kid in [Some(name.as_str()), None] {
            let answer = me(&app, &signed(algorithm, kid, &claims(&app))).await;
            assert_eq!(answer.status, 200, "{name}: {}", answer.body);
            assert_eq!(answer.body["subject"], "auth0|ann");
            assert_eq!(answer.body["scopes"], json!(["upload"]));
        }
    }
    assert_eq!(provider.asked(), 1, "the keys are kept");
}

#[tokio::test]
async fn t16_a_key_checks_its_own_algorithm_and_a_public_key_is_no_secret() {
    let provider = Provider::start().await;
    let app = TestApp::start_with(provider.options()).await;
    let (n, x) = (jwk(Algorithm::RS256, "a")["n"].clone(), jwk(Algorithm::EdDSA, "a")["x"].clone());
    let document = json!({"keys": [jwk(Algorithm::RS256, "RS256")]}).to_string();
    for public in [n.as_str().unwrap(), x.as_str().unwrap(), &document, ""] {
        for kid in ["RS256", "EdDSA"] {
            let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) };
            let secret = EncodingKey::from_secret(public.as_bytes());
            let forged = encode(&header, &claims(&app), &secret).unwrap();
            me(&app, &forged).await.assert_problem(401, "unauthorized");
        }
    }
    for algorithm in ALL {
        for other in ALL.iter().filter(|other| **other != algorithm) {
            let token = signed(algorithm, Some(&format!("{other:?}")), &claims(&app));
            me(&app, &token).await.assert_problem(401, "unauthorized");
        }
    }
    let good = signed(Algorithm::ES256, Some("ES256"), &claims(&app));
    let payload = good.split('.').nth(1).unwrap();
    for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJOb25lIiwia2lkIjoiRVMyNTYifQ"] {
        for signature in ["", good.rsplit('.').next().unwrap()] {
            me(&app, &format!("{header}.{payload}.{signature}")).await.assert_problem(401, "unauthorized");
        }
    }
}

#[tokio::test]
async fn t17_what_a_header_says_about_keys_is_never_looked_at() {
    let (provider, attacker) = (Provider::start().await, Provider::start().await);
    // The provider has the first key; the attacker signs with another and shows it.
    provider.publish(Publishes::Keys(vec![jwk(Algorithm::RS256, "RS256")]));
    let app = TestApp::start_with(provider.options()).await;
    let url = format!("http://{}/keys", attacker.address);
    let own = serde_json::from_value(jwk(Algorithm::ES256, "RS256")).unwrap();
    let shown = Header {
        kid: Some("RS256".to_owned()),
        jku: Some(url.clone()),
        x5u: Some(url.clone()),
        jwk: Some(own),
        ..Header::new(Algorithm::ES256)
    };
    let forged = encode(&shown, &claims(&app), &key(Algorithm::ES256)).unwrap();
    me(&app, &forged).await.assert_problem(401, "unauthorized");
    for kid in
        ["../../../../dev/null", "' OR '1'='1", "http://127.0.0.1/keys", "", "RS256\u{0}", &"k".repeat(4000)]
    {
        let token = signed(Algorithm::ES256, Some(kid), &claims(&app));
        me(&app, &token).await.assert_problem(401, "unauthorized");
    }
    assert_eq!(attacker.asked(), 0);
    let honest = Header { jku: Some(url), kid: Some("RS256".to_owned()), ..Header::new(Algorithm::RS256) };
    let token = encode(&honest, &claims(&app), &key(Algorithm::RS256)).unwrap();
    assert_eq!(me(&app, &token).await.status, 200, "such a header spoils nothing either");
}

#[tokio::test]
async fn t18_a_token_of_another_kind_time_issuer_or_audience_is_refused() {
    let provider = Provider::start().await;
    let app = TestApp::start_with(provider.options()).await;
    let now = app.clock.now().unix_timestamp();
    for (claim, value) in [
        ("exp", json!(now - 31)),
        ("exp", json!((now + 600).to_string())),
        ("exp", json!(-1e300)),
        ("exp", json!([now + 600])),
        ("nbf", json!(now + 120)),
        ("nbf", json!("never")),
        ("iss", json!("https://id.example.com")),
        ("iss", json!([ISSUER])),
        ("aud", json!("https://photos.example.com.evil")),
        ("aud", json!([])),
        ("aud", json!({AUDIENCE: true})),
    ] {
        let mut spoilt = claims(&app);
        spoilt[claim] = value.clone();
        let answer = me(&app, &signed(Algorithm::EdDSA, Some("EdDSA"), &spoilt)).await;
        assert_eq!(answer.status, 401, "{claim}: {value}");
    }
    for claim in ["exp", "iss", "aud", "sub", "tenant", "projects", "scope"] {
        let mut spoilt = claims(&app);
        spoilt.as_object_mut().unwrap().remove(claim);
        let answer = me(&app, &signed(Algorithm::EdDSA, Some("EdDSA"), &spoilt)).await;
        assert_eq!(answer.status, 401, "without {claim}");
    }
    for (typ, is_taken) in [("at+jwt", true), ("JWT", true), ("logout+jwt", false), ("dpop+jwt", false)] {
        let header = Header { typ: Some(typ.to_owned()), ..Header::new(Algorithm::EdDSA) };
        let token = encode(&header, &claims(&app), &key(Algorithm::EdDSA)).unwrap();
        assert_eq!(me(&app, &token).await.status == 200, is_taken, "{typ}");
    }
    // As RFC 9864 calls it; the libraries do not yet.
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"Ed25519","kid":"EdDSA"}"#);
    let text = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims(&app).to_string()));
    let signature = crypto::sign(text.as_bytes(), &key(Algorithm::EdDSA), Algorithm::EdDSA).unwrap();
    assert_eq!(me(&app, &format!("{text}.{signature}")).await.status, 200);
    let mut huge = claims(&app);
    huge["exp"] = json!(1e300);
    assert_eq!(me(&app, &signed(Algorithm::EdDSA, None, &huge)).await.status, 200);
}

#[tokio::test]
async fn t19_neither_a_redirect_nor_an_endless_document_gives_keys() {
    let (provider, elsewhere) = (Provider::start().await, Provider::start().await);
    let app = TestApp::start_with(provider.options()).await;
    let token = signed(Algorithm::RS256, Some("RS256"), &claims(&app));
    let redirect = Publishes::Redirect(format!("http://{}/keys", elsewhere.address));
    for misbehaviour in [redirect, Publishes::Endless, Publishes::Nothing(500), Publishes::Keys(vec![])] {
        provider.publish(misbehaviour);
        let answer = me(&app, &token).await;
        answer.assert_problem(503, "unavailable");
        assert!(!answer.body.to_string().contains("127.0.0.1"), "{}", answer.body);
        app.clock.advance(Duration::from_secs(5));
    }
    assert_eq!(elsewhere.asked(), 0);
    let oct = json!({"kty": "oct", "kid": "RS256", "k": "YSBzZWNyZXQgdGhhdCBpcyBsb25nIGVub3VnaCwgMzIr"});
    provider.publish(Publishes::Keys(vec![oct, jwk(Algorithm::RS256, "RS256")]));
    assert_eq!(me(&app, &token).await.status, 200);
}

/// Longer than the service waits for keys (5 s) or for a project check (3 s), on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn t19_a_provider_that_never_answers_is_not_waited_for() {
    let provider = Provider::start().await;
    let app = TestApp::start_with(provider.options()).await;
    let known = provider_keys();
    let token = signed(Algorithm::RS256, Some("RS256"), &claims(&app));
    for stalled in [Publishes::Silence, Publishes::HalfOf(known.clone())] {
        provider.publish(stalled);
        // All who come meanwhile wait for the one look, and no longer than for it.
        let asked = provider.asked();
        let crowd = futures::future::join_all((0..20).map(|_| me(&app, &token)));
        for answer in
            tokio::time::timeout(PATIENCE, crowd).await.unwrap_or_else(|_| panic!("all of them hang"))
        {
            answer.assert_problem(503, "unavailable");
        }
        assert_eq!(provider.asked(), asked + 1);
        app.clock.advance(Duration::from_secs(5));
    }
    provider.publish(Publishes::Keys(known));
    assert_eq!(me(&app, &token).await.status, 200);

    // Who has keys already is let in at once, whatever the provider does now.
    provider.publish(Publishes::Silence);
    app.clock.advance(Duration::from_secs(11 * 60));
    let lasting = {
        let mut lasting = claims(&app);
        lasting["exp"] = json!(app.clock.now().unix_timestamp() + 600);
        signed(Algorithm::ES256, Some("ES256"), &lasting)
    };
    let answer = tokio::time::timeout(PATIENCE, me(&app, &lasting)).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
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

fn provider_keys() -> Vec<Value> {
    ALL.iter().map(|algorithm| jwk(*algorithm, &format!("{algorithm:?}"))).collect()
}

#[tokio::test]
async fn t19_keys_are_rotated_without_a_restart_and_unknown_ones_ask_at_most_once_a_minute() {
    let provider = Provider::start().await;
    provider.publish(Publishes::Keys(vec![jwk(Algorithm::ES256, "old")]));
    let app = TestApp::start_with(provider.options()).await;
    let old = signed(Algorithm::ES256, Some("old"), &claims(&app));
    let new = signed(Algorithm::EdDSA, Some("new"), &claims(&app));
    assert_eq!(me(&app, &old).await.status, 200);
    provider.publish(Publishes::Keys(vec![jwk(Algorithm::EdDSA, "new")]));
    for _ in 0..20 {
        me(&app, &new).await.assert_problem(401, "unauthorized");
    }
    assert_eq!(provider.asked(), 1, "it was asked less than a minute ago");
    app.clock.advance(Duration::from_secs(60));
    let flood = (0..20).map(|n| {
        let token = signed(Algorithm::ES256, Some(&format!("made-up-{n}")), &claims(&app));
        let app = &app;
        async move { me(app, &token).await.status }
    });
    assert!(futures::future::join_all(flood).await.iter().all(|status| *status == 401));
    assert_eq!(provider.asked(), 2);
    assert_eq!(me(&app, &new).await.status, 200);
    me(&app, &old).await.assert_problem(401, "unauthorized");
}

#[tokio::test]
async fn keys_that_are_known_are_used_for_a_day_while_the_provider_is_away() {
    let provider = Provider::start().await;
    let app = TestApp::start_with(provider.options()).await;
    let mut lasting = claims(&app);
    lasting["exp"] = json!(app.clock.now().unix_timestamp() + 7 * 86_400);
    let token = signed(Algorithm::RS256, Some("RS256"), &lasting);
    assert_eq!(me(&app, &token).await.status, 200);
    provider.publish(Publishes::Nothing(503));
    app.clock.advance(Duration::from_secs(23 * 3600));
    assert_eq!(me(&app, &token).await.status, 200);
    app.clock.advance(Duration::from_secs(3600 + 61));
    me(&app, &token).await.assert_problem(503, "unavailable");
}

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

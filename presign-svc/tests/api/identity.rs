//! Tokens of an identity provider, through HTTP on both sides: T16 to T19.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, crypto, encode};
use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::ports::clock::Clock as _;

use crate::support::provider::{AUDIENCE, ISSUER, Provider, Publishes, jwk, key, signed};
use crate::support::{Answer, TestApp};

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

/// Longer than the service waits for keys (5 s), on a busy machine.
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

//! Which tokens are accepted.

use serde_json::Value;
use time::macros::datetime;

use super::*;
use crate::auth::MissingScope;

const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn keys() -> TokenKeys {
    let rules = TokenRules { issuer: "windlass".to_owned(), audience: "windlass".to_owned() };
    TokenKeys::from_secret(SECRET, rules).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "windlass", "aud": ["windlass", "other"], "sub": "ann", "tenant": "acme",
        "projects": ["job-7"], "scope": "upload read profile", "exp": NOON.unix_timestamp() + 60,
    })
}

fn signed(claims: &Value, algorithm: Algorithm) -> String {
    encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(SECRET)).unwrap()
}

fn verify(claims: &Value) -> Result<Caller, TokenError> {
    keys().verify(&signed(claims, Algorithm::HS256), NOON)
}

#[test]
fn a_minted_token_says_who_asks() {
    let caller = Caller {
        tenant: "acme".parse().unwrap(),
        subject: "ann".to_owned(),
        projects: ProjectAccess::Only(["job-7".parse().unwrap()].into()),
        scopes: [Scope::Upload, Scope::Read].into(),
    };
    let grant = TokenGrant { caller: caller.clone(), lifetime: Duration::from_secs(60) };
    let token = keys().mint(&grant, NOON).unwrap();
    assert_eq!(keys().verify(&token, NOON), Ok(caller));
    let later = NOON + Duration::from_secs(91);
    assert_eq!(keys().verify(&token, later), Err(TokenError::Expired));
}

#[test]
fn foreign_scopes_and_audiences_beside_ours_do_no_harm() {
    let caller = verify(&claims()).unwrap();
    assert_eq!(caller.scopes, [Scope::Upload, Scope::Read].into());
    assert!(caller.may_touch(&"job-7".parse().unwrap()));
    assert!(!caller.may_touch(&"job-8".parse().unwrap()));
    assert_eq!(caller.require(Scope::Delete), Err(MissingScope(Scope::Delete)));
    assert_eq!(caller.require_any(&[Scope::Delete, Scope::Read]), Ok(()));
}

#[test]
fn a_token_with_an_extension_nobody_here_understands_is_refused() {
    let header = Header { crit: Some(vec!["exp".to_owned()]), ..Header::new(Algorithm::HS256) };
    let token = encode(&header, &claims(), &EncodingKey::from_secret(SECRET)).unwrap();
    let refused = keys().verify(&token, NOON);
    assert_eq!(refused, Err(TokenError::Invalid("its header asks for an extension (crit)")));
}

#[test]
fn a_claim_that_is_wrong_or_missing_refuses_the_token() {
    let noon = NOON.unix_timestamp();
    let cases = [
        ("exp", json!(noon - 31)),
        ("exp", json!((noon + 60).to_string())),
        ("exp", Value::Null),
        ("nbf", json!(noon + 31)),
        ("nbf", json!("soon")),
        ("iss", json!("somebody")),
        ("aud", json!("somebody")),
        ("aud", Value::Null),
        ("sub", json!("")),
        ("sub", json!("a\nb")),
        ("sub", json!("x".repeat(256))),
        ("tenant", json!("../acme")),
        ("tenant", Value::Null),
        ("projects", json!("*")),
        ("projects", json!(["a/b"])),
        ("scope", json!(["upload"])),
    ];
    for (claim, value) in cases {
        let mut spoilt = claims();
        spoilt[claim] = value.clone();
        assert!(verify(&spoilt).is_err(), "{claim}: {value}");
        spoilt.as_object_mut().unwrap().remove(claim);
        assert_eq!(verify(&spoilt).is_ok(), claim == "nbf", "without {claim}");
    }
}

#[test]
fn clocks_may_differ_by_half_a_minute_and_exp_may_be_a_fraction_or_far_away() {
    let noon = NOON.unix_timestamp();
    for exp in [json!(noon - 29), json!(noon as f64 + 0.5), json!(4e18)] {
        let mut early = claims();
        early["exp"] = exp.clone();
        assert!(verify(&early).is_ok(), "{exp}");
    }
}

#[test]
fn the_algorithm_is_not_the_tokens_to_choose() {
    assert!(keys().verify(&signed(&claims(), Algorithm::HS512), NOON).is_err());
    let good = signed(&claims(), Algorithm::HS256);
    let (_, rest) = good.split_once('.').unwrap();
    let (payload, _) = rest.split_once('.').unwrap();
    // {"alg":"none"} and no signature.
    let unsigned = format!("eyJhbGciOiJub25lIn0.{payload}.");
    for bad in [unsigned.as_str(), &good[..good.len() - 2], "", "a.b.c", "....", "\u{0}"] {
        assert!(matches!(keys().verify(bad, NOON), Err(TokenError::Invalid(_))), "{bad:?}");
    }
}

#[test]
fn a_short_secret_is_no_secret() {
    let rules = TokenRules { issuer: "a".to_owned(), audience: "b".to_owned() };
    assert_eq!(TokenKeys::from_secret(b"secret", rules).unwrap_err(), InvalidSecret(6));
}

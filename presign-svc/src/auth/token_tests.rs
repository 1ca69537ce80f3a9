//! Which tokens are accepted.

use serde_json::Value;
use time::macros::datetime;

use super::*;
use crate::auth::{MissingScope, ProjectAccess, Scope};

const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn rules() -> TokenRules {
    TokenRules::new("windlass", "windlass")
}

fn keys() -> Tokens {
    Tokens::from_secret(SECRET, rules()).unwrap()
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

async fn verify(claims: &Value) -> Result<Caller, TokenError> {
    verify_by(rules(), claims).await
}

async fn verify_by(rules: TokenRules, claims: &Value) -> Result<Caller, TokenError> {
    let tokens = Tokens::from_secret(SECRET, rules).unwrap();
    tokens.identify(&signed(claims, Algorithm::HS256), NOON).await
}

/// Leave for Ann of that company, for a minute.
fn grant(tenant: &str, projects: ProjectAccess, scopes: &[Scope]) -> TokenGrant {
    let caller = Caller {
        tenant: tenant.parse().unwrap(),
        subject: "ann".to_owned(),
        projects,
        scopes: scopes.iter().copied().collect(),
        link: None,
    };
    TokenGrant { caller, lifetime: Duration::from_secs(60) }
}

fn job_7() -> ProjectAccess {
    ProjectAccess::only(["job-7".parse().unwrap()])
}

#[tokio::test]
async fn a_minted_token_says_who_asks() {
    let grant = grant("acme", job_7(), &[Scope::Upload, Scope::Read]);
    let token = keys().mint(&grant, NOON).unwrap();
    assert_eq!(keys().identify(&token, NOON).await, Ok(grant.caller));
    let later = NOON + Duration::from_secs(91);
    assert_eq!(keys().identify(&token, later).await, Err(TokenError::Expired));
}

#[tokio::test]
async fn a_minted_token_has_the_claims_that_the_settings_ask_for() {
    let mut mapped = rules();
    mapped.audience_claim = "client_id".to_owned();
    mapped.claims.tenant = "https://acme.example/tenant".parse().unwrap();
    mapped.claims.subject = "/user/name".parse().unwrap();
    mapped.claims.projects = "/user/pro~1jects".parse().unwrap();
    mapped.claims.scope = "/realm_access/roles".parse().unwrap();
    mapped.claims.scope_names = [
        ("crew".to_owned(), [Scope::Upload, Scope::Read].into()),
        ("office".to_owned(), [Scope::Read, Scope::Delete].into()),
    ]
    .into();
    let tokens = Tokens::from_secret(SECRET, mapped).unwrap();
    let to_all = |scopes: &[Scope]| grant("acme", ProjectAccess::All, scopes);
    for scopes in [&[Scope::Upload, Scope::Read][..], &[Scope::Upload, Scope::Read, Scope::Delete]] {
        let wanted = to_all(scopes);
        let token = tokens.mint(&wanted, NOON).unwrap();
        assert_eq!(tokens.identify(&token, NOON).await, Ok(wanted.caller));
    }
    let told = tokens.mint(&to_all(&[Scope::Read]), NOON).unwrap_err().to_string();
    assert!(
        told.contains("exactly these scopes: read. It has crew (upload read), office (read delete)"),
        "{told}"
    );
}

#[test]
fn no_token_is_minted_that_would_stand_for_somebody_else() {
    let grant = grant("beta", job_7(), &[Scope::Upload, Scope::Read]);
    let mut by_client = TokenRules { audiences: vec!["acme".to_owned(), "beta".to_owned()], ..rules() };
    by_client.audience_claim = "client_id".to_owned();
    by_client.claims.tenant = "client_id".parse().unwrap();
    let mut by_group = rules();
    by_group.claims.projects = "groups".parse().unwrap();
    by_group.claims.scope = "groups".parse().unwrap();
    by_group.claims.scope_names = [("crew".to_owned(), [Scope::Upload, Scope::Read].into())].into();
    for rules in [by_client, by_group] {
        let tokens = Tokens::from_secret(SECRET, rules).unwrap();
        assert_eq!(tokens.mint(&grant, NOON), Err(TokenError::SharedClaim));
    }
}

#[tokio::test]
async fn a_token_that_was_accepted_is_refused_once_it_expires_or_its_secret_is_gone() {
    let tokens = keys();
    let token = signed(&claims(), Algorithm::HS256);
    let (text, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{text}.{}", signature.chars().rev().collect::<String>());
    let expired = NOON + Duration::from_secs(91);
    for _ in 0..2 {
        assert!(tokens.identify(&token, NOON).await.is_ok());
        assert!(tokens.identify(&forged, NOON).await.is_err());
        assert_eq!(tokens.identify(&token, expired).await, Err(TokenError::Expired));
    }
    tokens.replace_secrets(&[[b'x'; 32]]).unwrap();
    assert!(tokens.identify(&token, NOON).await.is_err());
    tokens.replace_secrets(&[[b'x'; 32].as_slice(), SECRET]).unwrap();
    assert!(tokens.identify(&token, NOON).await.is_ok());
}

#[tokio::test]
async fn foreign_scopes_and_audiences_beside_ours_do_no_harm() {
    let caller = verify(&claims()).await.unwrap();
    assert_eq!(caller.scopes, [Scope::Upload, Scope::Read].into());
    assert!(caller.covers(&"job-7".parse().unwrap()));
    assert!(!caller.covers(&"job-8".parse().unwrap()));
    assert_eq!(caller.require(Scope::Delete), Err(MissingScope(Scope::Delete)));
    assert_eq!(caller.require_any(&[Scope::Delete, Scope::Read]), Ok(()));
}

#[tokio::test]
async fn a_token_with_an_extension_nobody_here_understands_is_refused() {
    let header = Header { crit: Some(vec!["exp".to_owned()]), ..Header::new(Algorithm::HS256) };
    let token = encode(&header, &claims(), &EncodingKey::from_secret(SECRET)).unwrap();
    let refused = keys().identify(&token, NOON).await;
    assert_eq!(refused, Err(TokenError::Invalid("its header asks for an extension (crit)")));
}

#[tokio::test]
async fn a_claim_that_is_wrong_or_missing_refuses_the_token() {
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
        ("projects", json!([7])),
        ("projects", json!(["a/b"])),
        ("scope", json!({"upload": true})),
        ("sub", json!("link:0192f0c1-2c5d-7c1e-9f00-0123456789ab")),
    ];
    for (claim, value) in cases {
        let mut spoilt = claims();
        spoilt[claim] = value.clone();
        assert!(verify(&spoilt).await.is_err(), "{claim}: {value}");
        spoilt.as_object_mut().unwrap().remove(claim);
        assert_eq!(verify(&spoilt).await.is_ok(), claim == "nbf", "without {claim}");
    }
}

#[tokio::test]
async fn clocks_may_differ_by_half_a_minute_and_exp_may_be_a_fraction_or_far_away() {
    let noon = NOON.unix_timestamp();
    for exp in [json!(noon - 29), json!(noon as f64 + 0.5), json!(4e18)] {
        let mut early = claims();
        early["exp"] = exp.clone();
        assert!(verify(&early).await.is_ok(), "{exp}");
    }
}

#[tokio::test]
async fn the_algorithm_is_not_the_tokens_to_choose() {
    assert!(keys().identify(&signed(&claims(), Algorithm::HS512), NOON).await.is_err());
    let good = signed(&claims(), Algorithm::HS256);
    let (_, rest) = good.split_once('.').unwrap();
    let (payload, _) = rest.split_once('.').unwrap();
    // {"alg":"none"} and no signature.
    let unsigned = format!("eyJhbGciOiJub25lIn0.{payload}.");
    for bad in [unsigned.as_str(), &good[..good.len() - 2], "", "a.b.c", "....", "\u{0}"] {
        assert!(matches!(keys().identify(bad, NOON).await, Err(TokenError::Invalid(_))), "{bad:?}");
    }
}

#[test]
fn a_short_secret_is_no_secret() {
    assert_eq!(Tokens::from_secret(b"secret", rules()).unwrap_err(), InvalidSecret(6));
}

#[tokio::test]
async fn a_providers_own_words_are_understood() {
    let claims = json!({
        "iss": "windlass", "client_id": "app-1", "exp": NOON.unix_timestamp() + 60,
        "https://acme.example/subject": "ann", "custom:projects": "job-7 job-8",
        "realm_access": {"roles": ["photographer", "offline_access", "upload"]},
    });
    let rules = TokenRules {
        audiences: vec!["app-0".to_owned(), "app-1".to_owned()],
        audience_claim: "client_id".to_owned(),
        claims: ClaimRules {
            subject: "https://acme.example/subject".parse().unwrap(),
            projects: "custom:projects".parse().unwrap(),
            scope: "/realm_access/roles".parse().unwrap(),
            default_tenant: Some("acme".parse().unwrap()),
            scope_names: [("photographer".to_owned(), [Scope::Read, Scope::Upload].into())].into(),
            ..ClaimRules::default()
        },
        ..rules()
    };
    let caller = verify_by(rules.clone(), &claims).await.unwrap();
    assert_eq!((caller.tenant.as_str(), caller.subject.as_str()), ("acme", "ann"));
    assert!(caller.covers(&"job-8".parse().unwrap()));
    assert_eq!(caller.scopes, [Scope::Read, Scope::Upload].into());
    let office = ClaimRules {
        scope_names: [("offline_access".to_owned(), [Scope::Links].into())].into(),
        ..rules.claims.clone()
    };
    let caller = verify_by(TokenRules { claims: office, ..rules.clone() }, &claims).await.unwrap();
    assert_eq!(caller.scopes, [Scope::Links].into(), "with names of its own, ours mean nothing");
}

#[tokio::test]
async fn the_log_says_which_claim_and_setting_were_in_the_way_and_the_caller_is_not_told() {
    let theirs = TokenRules::new("https://id.example.com/", "photos");
    let mut numbered = claims();
    numbered["sub"] = json!(7);
    let cases = [
        (theirs, claims(), "WINDLASS_JWT_ISSUER", "\"windlass\", expected is \"https://id.example.com/\""),
        (
            TokenRules::new("windlass", "photos"),
            claims(),
            "WINDLASS_JWT_AUDIENCE",
            "[\"windlass\",\"other\"]",
        ),
        (rules(), without("tenant"), "WINDLASS_JWT_TENANT_CLAIM", "aud, exp, iss, projects, scope, sub"),
        (rules(), without("projects"), "WINDLASS_JWT_PROJECTS_CLAIM", "no claim \"projects\""),
        (rules(), without("scope"), "WINDLASS_JWT_SCOPE_CLAIM", "no claim \"scope\""),
        (rules(), without("sub"), "WINDLASS_JWT_SUBJECT_CLAIM", "no claim \"sub\""),
        (rules(), numbered, "WINDLASS_JWT_SUBJECT_CLAIM", "(WINDLASS_JWT_SUBJECT_CLAIM) is 7"),
    ];
    for (rules, claims, setting, found) in cases {
        let refused = verify_by(rules, &claims).await.unwrap_err();
        let TokenError::Claim { looked_for, .. } = &refused else { panic!("{refused:?}") };
        assert!(looked_for.contains(setting) && looked_for.contains(found), "{looked_for}");
        let told = refused.to_string();
        assert!(!told.contains("WINDLASS") && !told.contains("example"), "{told}");
    }
    let mut long = claims();
    long["tenant"] = json!("ä".repeat(4000));
    let Err(TokenError::Claim { looked_for, .. }) = verify(&long).await else { panic!("accepted") };
    assert!(looked_for.chars().count() < 300, "{looked_for}");
}

fn without(claim: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(claim);
    claims
}

#[tokio::test]
async fn a_default_stands_for_a_claim_that_is_absent_and_for_no_other() {
    let mut bare = claims();
    for claim in ["tenant", "projects", "scope"] {
        bare.as_object_mut().unwrap().remove(claim);
    }
    let defaults = ClaimRules {
        default_tenant: Some("acme".parse().unwrap()),
        default_projects: Some(ProjectAccess::All),
        default_scopes: Some([Scope::Upload].into()),
        ..ClaimRules::default()
    };
    let rules = TokenRules { claims: defaults, ..rules() };
    let caller = verify_by(rules.clone(), &bare).await.unwrap();
    assert_eq!((caller.projects, caller.scopes), (ProjectAccess::All, [Scope::Upload].into()));
    for (claim, value) in [("tenant", json!("../x")), ("projects", json!([7])), ("scope", json!(7))] {
        let mut spoilt = bare.clone();
        spoilt[claim] = value;
        assert!(verify_by(rules.clone(), &spoilt).await.is_err(), "{claim}");
    }
    bare["projects"] = json!([]);
    let none = verify_by(rules, &bare).await.unwrap();
    assert_eq!(none.projects, ProjectAccess::only([]), "an empty list is no absent one");
}

#[tokio::test]
async fn secrets_are_replaced_while_old_tokens_still_work() {
    let old = keys();
    let caller = verify(&claims()).await.unwrap();
    let grant = TokenGrant { caller, lifetime: Duration::from_secs(60) };
    let first = old.mint(&grant, NOON).unwrap();
    let newer: &[u8] = b"fedcba9876543210fedcba9876543210";
    old.replace_secrets(&[newer, SECRET]).unwrap();
    let second = old.mint(&grant, NOON).unwrap();
    assert!(old.identify(&first, NOON).await.is_ok() && old.identify(&second, NOON).await.is_ok());
    assert!(keys().identify(&second, NOON).await.is_err(), "made with the newer one");
    old.replace_secrets(&[newer]).unwrap();
    assert!(old.identify(&first, NOON).await.is_err());
    assert_eq!(old.replace_secrets(&[b"short"]), Err(InvalidSecret(5)));
    assert!(old.identify(&second, NOON).await.is_ok(), "a bad file changes nothing");
}

//! Wycheproof's JWS vectors (Google, Apache-2.0), where they are beside the checkout: what they call
//! invalid is refused, and what they call valid is read where its algorithm is one of ours.

use std::path::Path;

use serde_json::Value;

use super::jwks::KeySet;
use super::jws::{Jws, VerifyingKey};

/// Valid vectors of algorithms that are taken here: all twenty but two that have a `?` amidst their base64.
const READ: usize = 18;

fn is_read(group: &Value, token: &str) -> bool {
    let Ok(token) = Jws::parse(token) else { return false };
    let key = &group.get("public").unwrap_or(&group["private"]);
    let read = if key["kty"] == "oct" {
        VerifyingKey::of_secret_in(key)
    } else {
        let set = KeySet::parse(serde_json::json!({"keys": [key]}).to_string().as_bytes());
        set.ok().and_then(|set| set.key_of(&token).cloned())
    };
    read.is_some_and(|key| token.payload(&key).is_ok())
}

#[test]
fn t16_wycheproofs_invalid_signatures_are_all_refused() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/corpora/security/wycheproof-jws/json_web_signature_test.json");
    let Ok(text) = std::fs::read(&file) else {
        eprintln!("skipped: no Wycheproof vectors in ../shared");
        return;
    };
    let vectors: Value = serde_json::from_slice(&text).unwrap();
    let (mut count, mut read, mut wrong) = (0, 0, Vec::new());
    for group in vectors["testGroups"].as_array().unwrap() {
        let tests = group["tests"].as_array().unwrap();
        let valid: Vec<_> = tests.iter().filter(|test| test["result"] == "valid").collect();
        for test in tests {
            let token = test["jws"].as_str().map_or_else(|| test["jws"].to_string(), str::to_owned);
            count += 1;
            match (is_read(group, &token), test["result"] == "valid") {
                (true, true) => read += 1,
                // 367 and 370 are named after a padding that the file does not have: they are vector 357.
                (true, false) if valid.iter().any(|other| other["jws"] == test["jws"]) => {}
                (true, false) => wrong.push(test.clone()),
                (false, _) => {}
            }
        }
    }
    assert_eq!(wrong, Vec::<Value>::new());
    assert_eq!((count, read), (401, READ));
}

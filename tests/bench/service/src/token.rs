//! Tokens that ours and the peers accept: HS256, one secret.

use anyhow::Result;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;
use time::OffsetDateTime;

/// What all servers of the bench check tokens with.
pub const SECRET: &str = "a secret of the bench that is long enough";
/// The company whose people ask.
pub const TENANT: &str = "acme";
/// What they ask about.
pub const PROJECT: &str = "job-7";

/// A token of one of the company's people.
pub fn token(person: usize) -> Result<String> {
    let claims = json!({
        "iss": "windlass",
        "aud": "windlass",
        "sub": format!("crew-{person}"),
        "tenant": TENANT,
        "projects": [PROJECT],
        "scope": "upload read delete pipeline",
        "exp": OffsetDateTime::now_utc().unix_timestamp() + 6 * 3600,
    });
    Ok(encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET.as_bytes()))?)
}

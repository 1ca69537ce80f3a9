//! The demo page, for trying Windlass out: its assets at `/`, and a token for it. Only there while the
//! development key is in use: whoever reaches this address gets in.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH};
use http::uri::Authority;
use http::{HeaderMap, StatusCode, Uri};
use rust_embed::Embed;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use windlass_protocol::{ProjectId, TenantId, Timestamp};

use super::cors::AllowedOrigins;
use super::error::ApiError;
use super::extract::QueryOf;
use crate::app::App;
use crate::auth::{Caller, ProjectAccess, Scope, TokenGrant};

/// What `cargo xtask demo` assembles. Release builds carry it; debug builds read it at run time.
#[derive(Embed)]
#[folder = "demo-site/"]
struct Assets;

/// How long a demo token works: short, so that its renewal is seen to work.
const TOKEN_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// How the demo is served.
#[derive(Debug, Clone)]
pub struct DemoSite {
    /// The tenant whose tokens are handed out.
    pub tenant: TenantId,
    /// The pages that may call the API: one of these may be the demo's own address.
    pub origins: AllowedOrigins,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenQuery {
    project: ProjectId,
}

#[derive(Serialize)]
struct DemoToken {
    token: String,
    expires_at: Timestamp,
}

pub(super) fn routes(site: DemoSite) -> Router<Arc<App>> {
    Router::new()
        .route("/", get(asset))
        .route("/{*path}", get(asset).fallback(other_method))
        .route("/demo/token", get(token))
        .layer(Extension(site))
}

/// A token for everything a gallery page does in one project.
async fn token(
    State(app): State<Arc<App>>,
    Extension(site): Extension<DemoSite>,
    QueryOf(query): QueryOf<TokenQuery>,
    headers: HeaderMap,
) -> Result<Json<DemoToken>, ApiError> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_own_name(host) && !site.origins.allows_host(host) {
        return Err(ApiError::DemoAddress);
    }
    let now: OffsetDateTime = app.clock.now();
    let caller = Caller {
        tenant: site.tenant,
        subject: "demo".to_owned(),
        projects: ProjectAccess::only([query.project]),
        scopes: [Scope::Upload, Scope::Read, Scope::Delete, Scope::Links].into(),
        link: None,
    };
    let token = app.tokens.mint(&TokenGrant { caller, lifetime: TOKEN_LIFETIME }, now)?;
    Ok(Json(DemoToken { token, expires_at: Timestamp::from(now + TOKEN_LIFETIME) }))
}

/// Whether this is a name that only this machine's own network gives an address to. A page of a public
/// name may point it here once the browser has loaded it (DNS rebinding), and would then be let in as if
/// it were the demo.
fn is_own_name(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    address.parse::<IpAddr>().is_ok()
        || !name.contains('.')
        || name.ends_with(".localhost")
        || name.ends_with(".local")
}

/// What is no file of the page is not there for any method.
async fn other_method(uri: Uri) -> ApiError {
    match Assets::get(uri.path().trim_start_matches('/')) {
        Some(_) => ApiError::MethodNotAllowed,
        None => ApiError::NotFound("There is nothing at this path"),
    }
}

async fn asset(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let path =
        if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    let Some(file) = Assets::get(&path) else {
        return match path.as_str() {
            "index.html" => not_assembled(),
            folder if Assets::get(&format!("{folder}/index.html")).is_some() => {
                Redirect::permanent(&format!("/{folder}/")).into_response()
            }
            _ => not_found(),
        };
    };
    let hash: String =
        file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let etag = format!("\"{hash}\"");
    // With the policy, also on a 304: browsers replace a cached answer's headers with those, and the API's
    // own policy would then keep a worker from its network on the second visit.
    let fresh = [
        (ETAG, etag.clone()),
        (CACHE_CONTROL, "no-cache".to_owned()),
        (CONTENT_SECURITY_POLICY, policy(&app)),
    ];
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, fresh).into_response();
    }
    let body = match file.data {
        Cow::Borrowed(bytes) => axum::body::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    (fresh, [(CONTENT_TYPE, media_type(&path))], body).into_response()
}

fn media_type(path: &str) -> String {
    let guessed = mime_guess::from_path(path).first_or_octet_stream();
    let is_text = guessed.type_() == "text" && guessed.get_param("charset").is_none();
    if is_text { format!("{guessed}; charset=utf-8") } else { guessed.to_string() }
}

/// What the page may do, as a Content-Security-Policy: its own code, and wherever bytes go to or come from.
pub fn policy(app: &App) -> String {
    let mut stores = vec![app.store.browser_origin(), app.store.reading_origin()];
    stores.extend(app.delivery.origins().map(str::to_owned));
    stores.sort_unstable();
    stores.dedup();
    let stores = stores.join(" ");
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; font-src 'self'; \
         connect-src 'self' {stores}; img-src 'self' blob: data: {stores}; media-src 'self' blob: {stores}; \
         worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

fn not_assembled() -> Response {
    let text = "Windlass is running. The demo page is not assembled yet: run `cargo xtask demo`.\n";
    (StatusCode::OK, text).into_response()
}

fn not_found() -> Response {
    ApiError::NotFound("There is nothing at this path").into_response()
}

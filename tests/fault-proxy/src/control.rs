//! The control API: what a test in another language says and asks. The crate's documentation has its table.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

use crate::journal::JournalEntry;
use crate::link::{Link, LinkWish};
use crate::proxy::{FaultProxy, ProxyError};
use crate::rule::{Rule, RuleReport};

/// The proxy, which may have been dropped.
type Proxy = State<Weak<FaultProxy>>;

/// Serves until the task ends.
pub(crate) async fn serve(listener: TcpListener, proxy: Weak<FaultProxy>) {
    let router = Router::new()
        .route("/fronts", get(show_fronts).post(open_front))
        .route("/rules", get(show_rules).put(set_rules).post(add_rule).delete(remove_rules))
        .route("/link", put(set_link).get(show_link).delete(perfect_link))
        .route("/connections", post(change_connections))
        .route("/requests", get(show_requests).delete(forget_requests))
        .with_state(proxy);
    // It ends with its listener, which the proxy's task owns.
    let _ = axum::serve(listener, router).await;
}

/// Why the control API did not do as asked.
enum Refused {
    Gone,
    Proxy(ProxyError),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Gone => (StatusCode::SERVICE_UNAVAILABLE, "the proxy has ended".to_owned()),
            Self::Proxy(error @ ProxyError::Rule(_)) => (StatusCode::BAD_REQUEST, error.to_string()),
            Self::Proxy(error @ ProxyError::Listen { .. }) => (StatusCode::CONFLICT, error.to_string()),
        };
        (status, Json(json!({ "error": text }))).into_response()
    }
}

impl From<ProxyError> for Refused {
    fn from(error: ProxyError) -> Self {
        Self::Proxy(error)
    }
}

fn of(proxy: &Weak<FaultProxy>) -> Result<Arc<FaultProxy>, Refused> {
    proxy.upgrade().ok_or(Refused::Gone)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFront {
    name: String,
    upstream: String,
    /// Any free one by default.
    #[serde(default)]
    port: u16,
}

async fn open_front(
    State(proxy): Proxy,
    Json(front): Json<NewFront>,
) -> Result<Json<serde_json::Value>, Refused> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, front.port));
    let address = of(&proxy)?.open_front(&front.name, listen, &front.upstream).await?;
    Ok(Json(json!({ "address": format!("http://{address}") })))
}

async fn show_fronts(State(proxy): Proxy) -> Result<Json<BTreeMap<String, SocketAddr>>, Refused> {
    Ok(Json(of(&proxy)?.fronts()))
}

async fn show_rules(State(proxy): Proxy) -> Result<Json<Vec<RuleReport>>, Refused> {
    Ok(Json(of(&proxy)?.rules()))
}

async fn set_rules(State(proxy): Proxy, Json(rules): Json<Vec<Rule>>) -> Result<StatusCode, Refused> {
    of(&proxy)?.set_rules(rules)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn add_rule(State(proxy): Proxy, Json(rule): Json<Rule>) -> Result<StatusCode, Refused> {
    of(&proxy)?.add_rule(rule)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove_rules(State(proxy): Proxy) -> Result<StatusCode, Refused> {
    of(&proxy)?.set_rules(Vec::new())?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_link(State(proxy): Proxy, Json(wish): Json<LinkWish>) -> Result<Json<Link>, Refused> {
    let proxy = of(&proxy)?;
    proxy.set_link(wish.into());
    Ok(Json(proxy.link()))
}

async fn show_link(State(proxy): Proxy) -> Result<Json<Link>, Refused> {
    Ok(Json(of(&proxy)?.link()))
}

async fn perfect_link(State(proxy): Proxy) -> Result<StatusCode, Refused> {
    of(&proxy)?.set_link(Link::default());
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "action", deny_unknown_fields)]
enum Change {
    Reset,
    Silence,
}

async fn change_connections(State(proxy): Proxy, Json(change): Json<Change>) -> Result<StatusCode, Refused> {
    let proxy = of(&proxy)?;
    match change {
        Change::Reset => proxy.reset_connections(),
        Change::Silence => proxy.silence_connections(),
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    after: u64,
}

async fn show_requests(
    State(proxy): Proxy,
    Query(since): Query<Since>,
) -> Result<Json<Vec<JournalEntry>>, Refused> {
    Ok(Json(of(&proxy)?.requests_after(since.after)))
}

async fn forget_requests(State(proxy): Proxy) -> Result<StatusCode, Refused> {
    of(&proxy)?.forget_requests();
    Ok(StatusCode::NO_CONTENT)
}

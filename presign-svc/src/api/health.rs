//! `GET /healthz` — the process answers; also how far its clock is from the store's, once that is known.
//! Both say whether rate limits are where they should be: `ok`, or `alone` while those that are shared cannot
//! be reached and this instance keeps its own, which is no reason to send nobody here.
//! `GET /readyz` — so do the database and the bucket, and the clock is right enough to sign by.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use futures::FutureExt as _;
use serde_json::{Value, json};

use super::error::ApiError;
use crate::app::App;
use crate::domain::clock_skew::ClockSkew;

/// The process answers.
pub async fn healthz(State(app): State<Arc<App>>) -> Json<Value> {
    let skew = app.clock_skew().map(ClockSkew::seconds);
    Json(json!({"status": "ok", "rate_limits": rate_limits(&app), "clock_skew_seconds": skew}))
}

/// Everything needed answers.
pub async fn readyz(State(app): State<Arc<App>>) -> Result<Json<Value>, ApiError> {
    let look = || {
        let app = Arc::clone(&app);
        async move { tokio::join!(app.uploads.check(), app.store.check()) }.boxed()
    };
    let (record, store) = app.readiness.ask(look).await;
    record?;
    // Said first: a store refuses even this question of a machine whose clock is wrong.
    if let Some(skew) = app.clock_skew().filter(|skew| skew.is_too_far()) {
        return Err(ApiError::Clock(skew));
    }
    store?;
    let skew = app.clock_skew().map(ClockSkew::seconds);
    let rate_limits = rate_limits(&app);
    Ok(Json(json!({
        "status": "ok", "database": "ok", "store": "ok", "rate_limits": rate_limits, "clock_skew_seconds": skew,
    })))
}

fn rate_limits(app: &App) -> &'static str {
    if app.limiter.makes_do() { "alone" } else { "ok" }
}

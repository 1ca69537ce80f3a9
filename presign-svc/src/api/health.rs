//! `GET /healthz` — the process answers. `GET /readyz` — so do the database and the bucket.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::error::ApiError;
use crate::app::App;

/// The process answers.
pub async fn healthz() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Everything needed answers.
pub async fn readyz(State(app): State<Arc<App>>) -> Result<Json<Value>, ApiError> {
    let (record, store) = tokio::join!(app.uploads.check(), app.store.check());
    record?;
    store?;
    Ok(Json(json!({"status": "ok", "database": "ok", "store": "ok"})))
}

//! `GET /api/v1/me`.

use serde_json::{Value, json};
use windlass_presign_svc::auth::Scope;

use crate::support::TestApp;

#[tokio::test]
async fn a_token_says_who_it_is() {
    let app = TestApp::start().await;
    assert_eq!(
        app.get("/api/v1/me").await.body,
        json!({
            "tenant": "acme",
            "subject": "ann",
            "projects": ["job-7"],
            "scopes": ["upload", "read", "delete", "pipeline", "links"],
            "limits": {
                "photo": {"min_size": 1024, "max_size": 50 << 20},
                "video": {"min_size": 1, "max_size": 1 << 30},
                "document": {"min_size": 1, "max_size": 100 << 20},
                "archive": null,
                "files_per_request": 100,
            },
        })
    );
    let all = app.token("other", &["*"], &[Scope::Read]);
    let me = app.call(reqwest::Method::GET, "/api/v1/me", &all, Value::Null).await.body;
    assert_eq!((&me["projects"], &me["scopes"]), (&json!(["*"]), &json!(["read"])));
}

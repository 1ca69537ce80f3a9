//! T1, T2: on every route, the ids of another tenant, or of another project of one's own, do not exist.

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::auth::Scope;

use crate::complete_parts::{MIB, announce_film, film};
use crate::support::{PhotoSpec, TestApp, file, jpeg};

#[tokio::test]
async fn foreign_ids_are_not_found_on_any_route() {
    let app = TestApp::start().await;
    let photo = app.upload("a", &jpeg(&PhotoSpec::default())).await;
    let pending = announce_film(&app, &film(6 * MIB)).await;
    let nobodys = "0192f0c1-2c5d-7c1e-9f00-0123456789ab";
    let parts = json!({"parts": [{"part_number": 1}]});
    let piece = json!({"piece_number": 1, "checksum": "rosUhgqZiIg="});
    let pieces = json!({"piece_size": 131_072, "pieces": [piece]});
    for (tenant, projects) in
        [("other", &["*"][..]), ("other", &["job-7"]), ("acme", &["job-8"]), ("acme", &[])]
    {
        let token = app.token(tenant, projects, &Scope::ALL);
        let mut told = Vec::new();
        for id in [photo["photo_id"].as_str().unwrap(), pending["upload_id"].as_str().unwrap(), nobodys] {
            for (method, path, body) in [
                (Method::GET, format!("/api/v1/uploads/{id}"), Value::Null),
                (Method::DELETE, format!("/api/v1/uploads/{id}"), Value::Null),
                (Method::GET, format!("/api/v1/uploads/{id}/parts"), Value::Null),
                (Method::POST, format!("/api/v1/uploads/{id}/parts"), parts.clone()),
                (Method::POST, format!("/api/v1/uploads/{id}/pieces"), pieces.clone()),
                (Method::POST, format!("/api/v1/uploads/{id}/complete"), Value::Null),
                (Method::GET, format!("/api/v1/photos/{id}"), Value::Null),
                (Method::DELETE, format!("/api/v1/photos/{id}"), Value::Null),
                (Method::GET, format!("/api/v1/photos/{id}?arriving=true"), Value::Null),
            ] {
                let mut answer = app.call(method.clone(), &path, &token, body).await;
                answer.assert_problem(404, "not_found");
                answer.body["request_id"] = Value::Null;
                told.push((method, path.replace(id, "{id}"), answer.body.to_string()));
            }
        }
        let (real, made_up) = told.split_at(18);
        for answer in real {
            assert!(made_up.contains(answer), "a foreign id is answered like one nobody has: {answer:?}");
        }
        let listed = app.call(Method::GET, "/api/v1/photos?project_id=job-7", &token, Value::Null).await;
        assert!(listed.status == 404 || listed.body["photos"] == json!([]), "{}", listed.body);
    }
    assert_eq!(app.get(&format!("/api/v1/photos/{}", photo["photo_id"].as_str().unwrap())).await.status, 200);
    assert_eq!(app.get(pending["status_url"].as_str().unwrap()).await.body["status"], "pending_upload");
}

#[tokio::test]
async fn a_tenant_whose_photos_would_lie_where_is_cleared_away_can_send_none() {
    let app = TestApp::start().await;
    let request = json!({"project_id": "job-7", "files": [file("a", "a.jpg", "image/jpeg", 4096)]});
    for (tenant, field) in [("windlass-staging", json!("project_id")), ("windlass-stagings", Value::Null)] {
        let token = app.token(tenant, &["job-7"], &Scope::ALL);
        let answer = app.call(Method::POST, "/api/v1/uploads", &token, request.clone()).await;
        assert_eq!(answer.body["uploads"][0]["error"]["field"], field, "{}", answer.body);
    }
}

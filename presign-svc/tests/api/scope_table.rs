//! What each scope opens, against a table of its own: it is written by hand from what the scopes are for, so that a
//! wrong scope in the service's table and in the page that shows it is seen here.

use reqwest::Method;
use serde_json::{Value, json};
use windlass_presign_svc::api::scopes::ROUTES;
use windlass_presign_svc::auth::Scope;

use crate::complete_parts::{MIB, film};
use crate::support::{Answer, PhotoSpec, TestApp, file, jpeg};

/// What signed GET URLs say in their query, and what only the file itself tells.
const FOR_READERS: [&str; 2] = ["response-content-disposition", "Canary"];

/// A request of somebody who may do it: method, route, query, body, what opens it, and what is answered then.
struct Case {
    method: Method,
    route: &'static str,
    query: &'static str,
    body: Value,
    opened_by: &'static [Scope],
    answered: u16,
}

/// Whoever has any token may ask who he is.
const ANY: &[Scope] = &[Scope::Upload, Scope::Read, Scope::Delete, Scope::Pipeline, Scope::Links];
/// Those who bring photos.
const CREW: &[Scope] = &[Scope::Upload];
/// Those who look at them.
const LOOK: &[Scope] = &[Scope::Read];
/// Those who make links for customers.
const OFFICE: &[Scope] = &[Scope::Links];

const KEY: &str = "key={key}";

fn cases() -> Vec<Case> {
    let case = |method, route, opened_by, answered, body| Case {
        method,
        route,
        query: "",
        body,
        opened_by,
        answered,
    };
    let asking = |query, case: Case| Case { query, ..case };
    let files = json!({"project_id": "job-7", "files": [file("b", "a.jpg", "image/jpeg", 4096)]});
    let one =
        json!({"project_id": "job-7", "file_name": "a.jpg", "file_size": 4096, "mime_type": "image/jpeg"});
    let pieces = json!({"piece_size": 131_072, "pieces": [{"piece_number": 1, "checksum": "rosUhgqZiIg="}]});
    let uppys = json!({"filename": "a.mp4", "type": "video/mp4", "metadata": {"project_id": "job-7"}});
    let none = || Value::Null;
    use Scope::{Delete, Pipeline, Read, Upload};
    vec![
        case(Method::GET, "/me", ANY, 200, none()),
        case(Method::POST, "/uploads", CREW, 201, files),
        case(Method::POST, "/uploads/previews", CREW, 200, json!({"upload_ids": ["{upload_id}"]})),
        case(Method::GET, "/uploads/{upload_id}", &[Upload, Read], 200, none()),
        case(Method::DELETE, "/uploads/{upload_id}", CREW, 204, none()),
        case(Method::GET, "/uploads/{upload_id}/parts", CREW, 200, none()),
        case(Method::POST, "/uploads/{upload_id}/parts", CREW, 200, json!({"parts": [{"part_number": 1}]})),
        case(Method::POST, "/uploads/{upload_id}/pieces", CREW, 200, pieces),
        // Nothing was sent yet, and whoever may complete it is told so.
        case(Method::POST, "/uploads/{upload_id}/complete", CREW, 409, none()),
        case(Method::POST, "/photos/upload-url", CREW, 201, one),
        asking("project_id=job-7", case(Method::GET, "/photos", LOOK, 200, none())),
        case(Method::POST, "/photos/urls", LOOK, 200, json!({"photo_ids": ["{photo_id}"]})),
        case(Method::GET, "/photos/{photo_id}", LOOK, 200, none()),
        case(Method::PATCH, "/photos/{photo_id}", CREW, 200, json!({"tags": ["roof"]})),
        case(Method::DELETE, "/photos/{photo_id}", &[Delete], 204, none()),
        case(Method::PATCH, "/photos/{photo_id}/status", &[Pipeline], 200, json!({"status": "processing"})),
        // As much as to complete it: a phone needs no scope for that with which it could fail others' photos.
        case(
            Method::PATCH,
            "/photos/{photo_id}/status",
            &[Upload, Pipeline],
            200,
            json!({"status": "uploaded"}),
        ),
        asking("project_id=job-7", case(Method::GET, "/events", LOOK, 200, none())),
        case(Method::POST, "/events/tickets", LOOK, 201, json!({"project_id": "job-7"})),
        case(Method::POST, "/projects/{project_id}/upload-links", OFFICE, 201, none()),
        case(Method::GET, "/projects/{project_id}/upload-links", OFFICE, 200, none()),
        case(Method::DELETE, "/projects/{project_id}/upload-links/{link_id}", OFFICE, 204, none()),
        asking(
            "filename=a.jpg&type=image/jpeg&metadata[project_id]=job-7",
            case(Method::GET, "/s3/params", CREW, 200, none()),
        ),
        case(Method::POST, "/s3/multipart", CREW, 200, uppys),
        asking(KEY, case(Method::GET, "/s3/multipart/{upload_id}", CREW, 200, none())),
        asking(KEY, case(Method::DELETE, "/s3/multipart/{upload_id}", CREW, 200, none())),
        asking(
            "key={key}&partNumbers=1,2",
            case(Method::GET, "/s3/multipart/{upload_id}/batch", CREW, 200, none()),
        ),
        asking(KEY, case(Method::GET, "/s3/multipart/{upload_id}/{part_number}", CREW, 200, none())),
        asking(
            KEY,
            case(Method::POST, "/s3/multipart/{upload_id}/complete", CREW, 409, json!({"parts": []})),
        ),
    ]
}

/// What the ids of one request are of: each is made anew, for some requests are their end.
async fn fill_in(app: &TestApp, case: &Case, round: &str) -> (String, Value) {
    let text = format!("{} {} {}", case.route, case.query, case.body);
    let mut named = vec![("{project_id}", "job-7".to_owned()), ("{part_number}", "1".to_owned())];
    if text.contains("{photo_id}") {
        let bytes = jpeg(&PhotoSpec { make: "Canary", ..PhotoSpec::default() });
        let photo = app.upload(round, &bytes).await;
        named.push(("{photo_id}", photo["photo_id"].as_str().unwrap().to_owned()));
    }
    if text.contains("{key}") {
        let uppys = json!({"filename": "a.mp4", "type": "video/mp4", "metadata": {"project_id": "job-7"}});
        let opened = app.post("/s3/multipart", uppys).await.body;
        named.push(("{upload_id}", opened["uploadId"].as_str().unwrap().to_owned()));
        named.push(("{key}", opened["key"].as_str().unwrap().to_owned()));
    } else if text.contains("{upload_id}") {
        let bytes = film(6 * MIB);
        let announced = json!([file(round, "site.mp4", "video/mp4", bytes.len() as u64)]);
        let id = app.announce(announced).await.remove(0)["upload_id"].clone();
        named.push(("{upload_id}", id.as_str().unwrap().to_owned()));
    }
    if text.contains("{link_id}") {
        let made = app.post("/api/v1/projects/job-7/upload-links", json!({})).await.body;
        named.push(("{link_id}", made["link"]["link_id"].as_str().unwrap().to_owned()));
    }
    let fill = |text: String| named.iter().fold(text, |text, (name, value)| text.replace(name, value));
    let root = if case.route.starts_with("/s3/") { "" } else { "/api/v1" };
    let path = fill(format!("{root}{}?{}", case.route, case.query));
    (path.trim_end_matches('?').to_owned(), serde_json::from_str(&fill(case.body.to_string())).unwrap())
}

/// Asks; of a stream, which does not end, the head only.
async fn ask(app: &TestApp, method: Method, path: &str, token: &str, body: &Value) -> Answer {
    let request = app.http.request(method, app.url(path)).bearer_auth(token);
    let request = if body.is_null() { request } else { request.json(body) };
    let response = request.send().await.unwrap();
    if response.headers().get("content-type").is_some_and(|is| is == "text/event-stream") {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        return Answer { status, headers, body: Value::Null };
    }
    Answer::of(response).await
}

#[tokio::test]
async fn t22_every_route_is_opened_by_its_scopes_and_by_no_other() {
    let app = TestApp::start().await;
    for (number, case) in cases().into_iter().enumerate() {
        for scope in Scope::ALL {
            let (path, body) = fill_in(&app, &case, &format!("{number}-{scope}")).await;
            let token = app.token("acme", &["job-7"], &[scope]);
            if case.method == Method::GET {
                // What answers GET answers HEAD, by the same table.
                let head = ask(&app, Method::HEAD, &path, &token, &Value::Null).await;
                let is_closed = !case.opened_by.contains(&scope);
                assert_eq!(head.status == 403, is_closed, "HEAD {path} with {scope}: {}", head.status);
            }
            let answer = ask(&app, case.method.clone(), &path, &token, &body).await;
            let what = format!("{} {path} with {scope}: {}", case.method, answer.body);
            if case.opened_by.contains(&scope) {
                assert_eq!(answer.status, case.answered, "{what}");
            } else {
                answer.assert_problem(403, "forbidden");
            }
            let text = answer.body.to_string();
            assert!(scope == Scope::Read || !FOR_READERS.iter().any(|word| text.contains(word)), "{what}");
        }
        let (path, body) = fill_in(&app, &case, &format!("{number}-none")).await;
        let nothing = app.token("acme", &["job-7"], &[]);
        let answer = ask(&app, case.method.clone(), &path, &nothing, &body).await;
        assert_eq!(answer.status == 403, case.route != "/me", "{} {path}: {}", case.method, answer.body);
    }
}

#[test]
fn t22_the_table_here_has_every_route_of_the_service() {
    let known =
        |method: &Method, path: &str| cases().iter().any(|case| case.method == *method && case.route == path);
    for rule in ROUTES {
        assert!(known(&rule.method, rule.path), "{} {} is not asked for its scope", rule.method, rule.path);
    }
    assert_eq!(ROUTES.len(), cases().len() - 1, "one route is asked twice: a status");
}

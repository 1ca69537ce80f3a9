//! `GET /api/v1/events` and its tickets.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use windlass_presign_svc::auth::Scope;
use windlass_presign_svc::jobs::retention::forget_old_events;

use crate::support::{EventStream, MAX_STREAMS, PhotoSpec, TestApp, file_of, jpeg};

async fn ticket(app: &TestApp) -> String {
    let answer = app.post("/api/v1/events/tickets", json!({"project_id": "job-7"})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["ticket"].as_str().unwrap().to_owned()
}

async fn watch(app: &TestApp, query: &str) -> EventStream {
    let Ok(stream) = EventStream::open(app, query, Some(&app.ann()), None).await else {
        panic!("the stream is refused")
    };
    stream
}

async fn upload(app: &TestApp, client_ref: &str) -> String {
    let photo = app.upload(client_ref, &jpeg(&PhotoSpec::default())).await;
    photo["photo_id"].as_str().unwrap().to_owned()
}

/// The same for somebody else.
async fn upload_by(app: &TestApp, token: &str, project: &str) -> Value {
    let bytes = jpeg(&PhotoSpec::default());
    let body = json!({"project_id": project, "files": [file_of("own", "own.jpg", &bytes)]});
    let announced = app.call(Method::POST, "/api/v1/uploads", token, body).await;
    let upload = &announced.body["uploads"][0];
    assert_eq!(app.put(upload, &bytes).await.status(), 200);
    let path = format!("/api/v1/uploads/{}/complete", upload["upload_id"].as_str().unwrap());
    let photo = app.call(Method::POST, &path, token, Value::Null).await;
    assert_eq!(photo.status, 200, "{}", photo.body);
    photo.body
}

fn names(events: &[(u64, &str)]) -> Vec<(u64, String)> {
    events.iter().map(|(id, name)| (*id, (*name).to_owned())).collect()
}

#[tokio::test]
async fn what_happens_is_told_at_once_and_in_order() {
    let app = TestApp::start().await;
    let query = format!("ticket={}", ticket(&app).await);
    let mut stream =
        EventStream::open(&app, &query, None, None).await.map_err(|refused| refused.body).unwrap();
    assert_eq!(stream.names(1).await, names(&[(0, "ready")]));
    let id = upload(&app, "a").await;
    let created = stream.next().await.unwrap();
    assert_eq!((created.id, created.name.as_str()), (1, "photo.created"));
    assert_eq!((&created.data["photo_id"], &created.data["status"]), (&json!(id), &json!("uploaded")));
    let path = format!("/api/v1/photos/{id}");
    let failed = json!({"status": "failed", "reason": "too dark"});
    assert_eq!(app.call(Method::PATCH, &format!("{path}/status"), &app.ann(), failed).await.status, 200);
    let status = stream.next().await.unwrap();
    assert_eq!((status.id, status.name.as_str()), (2, "photo.status"));
    assert_eq!((&status.data["status"], &status.data["reason"]), (&json!("failed"), &json!("too dark")));
    assert_eq!(app.delete(&path).await.status, 204);
    assert_eq!(stream.names(1).await, names(&[(3, "photo.deleted")]));
}

#[tokio::test]
async fn t35_a_ticket_opens_one_stream_of_its_project_and_soon_none() {
    let app = TestApp::start().await;
    let refused = async |query: String| {
        let opened = EventStream::open(&app, &query, None, None).await;
        let Err(answer) = opened else { panic!("{query} opened a stream") };
        answer
    };
    let used = ticket(&app).await;
    assert!(EventStream::open(&app, &format!("ticket={used}&project_id=job-7"), None, None).await.is_ok());
    refused(format!("ticket={used}")).await.assert_problem(401, "unauthorized");
    let elsewhere = format!("ticket={}&project_id=job-8", ticket(&app).await);
    refused(elsewhere).await.assert_problem(401, "unauthorized");
    refused("ticket=made-up".to_owned()).await.assert_problem(401, "unauthorized");
    refused("project_id=job-7".to_owned()).await.assert_problem(401, "unauthorized");
    let late = ticket(&app).await;
    app.clock.advance(Duration::from_secs(31));
    refused(format!("ticket={late}")).await.assert_problem(401, "unauthorized");
}

#[tokio::test]
async fn a_look_at_the_headers_uses_no_ticket_up() {
    let app = TestApp::start().await;
    let query = format!("ticket={}", ticket(&app).await);
    let url = app.url(&format!("/api/v1/events?{query}"));
    assert_eq!(app.http.head(&url).send().await.unwrap().status(), 401);
    let with_token = app.http.head(&url).bearer_auth(app.ann()).send().await.unwrap();
    assert_eq!(with_token.status(), 405);
    assert_eq!(with_token.headers()["allow"], "GET");
    assert!(EventStream::open(&app, &query, None, None).await.is_ok(), "it is good for a stream");
}

#[tokio::test]
async fn t35_foreign_projects_are_neither_ticketed_nor_told_of() {
    let app = TestApp::start().await;
    let mut mine = watch(&app, "project_id=job-7&last_event_id=0").await;
    for (tenant, project) in [("other", "job-7"), ("acme", "job-8")] {
        let token = app.token(tenant, &[project], &Scope::ALL);
        let Ok(mut theirs) =
            EventStream::open(&app, &format!("project_id={project}"), Some(&token), Some("0")).await
        else {
            panic!("their own project")
        };
        assert_eq!(theirs.names(1).await, names(&[(0, "ready")]));
        upload(&app, &format!("{tenant}{project}")).await;
        // What comes after it is their own: whatever was told of the other photo would come before that.
        let own = upload_by(&app, &token, project).await;
        let heard = theirs.next().await.unwrap();
        assert_eq!((heard.id, heard.name.as_str()), (1, "photo.created"), "{tenant}/{project}");
        assert_eq!(heard.data["photo_id"], own["photo_id"], "{tenant}/{project}");
    }
    let told = [(0, "ready"), (1, "photo.created"), (2, "photo.created")];
    assert_eq!(mine.names(3).await, names(&told));
    let narrow = app.token("acme", &["job-8"], &Scope::ALL);
    let body = json!({"project_id": "job-7"});
    let refused = app.call(Method::POST, "/api/v1/events/tickets", &narrow, body.clone()).await;
    refused.assert_problem(404, "not_found");
    let Err(refused) = EventStream::open(&app, "project_id=job-7", Some(&narrow), Some("0")).await else {
        panic!("a foreign project is told of")
    };
    refused.assert_problem(404, "not_found");
    let uploader = app.token("acme", &["job-7"], &[Scope::Upload]);
    app.call(Method::POST, "/api/v1/events/tickets", &uploader, body).await.assert_problem(403, "forbidden");
}

#[tokio::test]
async fn whoever_comes_back_is_told_what_it_missed_once() {
    let app = TestApp::start().await;
    for client_ref in ["a", "b", "c"] {
        upload(&app, client_ref).await;
    }
    let list = app.get("/api/v1/photos?project_id=job-7").await;
    assert_eq!(list.body["latest_event"], 3);
    let mut by_query = watch(&app, "project_id=job-7&last_event_id=1").await;
    let missed = [(1, "ready"), (2, "photo.created"), (3, "photo.created")];
    assert_eq!(by_query.names(3).await, names(&missed));
    let token = app.ann();
    let by_header =
        EventStream::open(&app, "project_id=job-7&last_event_id=3", Some(&token), Some("2")).await;
    let mut by_header = by_header.map_err(|refused| refused.body).unwrap();
    assert_eq!(by_header.names(2).await, names(&[(2, "ready"), (3, "photo.created")]));
    upload(&app, "d").await;
    assert_eq!(by_query.names(1).await, names(&[(4, "photo.created")]));
    assert_eq!(by_header.names(1).await, names(&[(4, "photo.created")]));
}

#[tokio::test]
async fn what_was_forgotten_or_never_was_begins_with_a_reset() {
    let app = TestApp::start().await;
    upload(&app, "a").await;
    let id = upload(&app, "b").await;
    app.clock.advance(Duration::from_secs(8 * 86_400));
    assert_eq!(forget_old_events(&app.app).await.unwrap(), 2);
    let token = app.ann();
    for last in ["1", "7", "nonsense", "18446744073709551615"] {
        let stream = EventStream::open(&app, "project_id=job-7", Some(&token), Some(last)).await;
        let mut stream = stream.map_err(|refused| refused.body).unwrap();
        assert_eq!(stream.next().await.unwrap().name, "ready");
        let reset = stream.next().await.unwrap();
        assert_eq!((reset.id, reset.name.as_str()), (2, "reset"), "{last}");
        assert_eq!(reset.data, json!({"latest": 2}));
    }
    let mut current = watch(&app, "project_id=job-7&last_event_id=2").await;
    let body = json!({"caption": "north"});
    assert_eq!(app.call(Method::PATCH, &format!("/api/v1/photos/{id}"), &app.ann(), body).await.status, 200);
    assert_eq!(current.names(2).await, names(&[(2, "ready"), (3, "photo.updated")]));
}

#[tokio::test]
async fn once_events_were_lost_streams_begin_anew() {
    let app = TestApp::start().await;
    for client_ref in ["a", "b", "c"] {
        upload(&app, client_ref).await;
    }
    let mut stream = watch(&app, "project_id=job-7").await;
    assert_eq!(stream.names(1).await, names(&[(3, "ready")]));
    lose_all_events_but_one(&app).await;
    upload(&app, "d").await;
    let mut until_told = async |last: (u64, &str)| {
        let told = async { while names(&[last]) != stream.names(1).await {} };
        tokio::time::timeout(Duration::from_secs(30), told).await.unwrap();
    };
    until_told((2, "reset")).await;
    upload(&app, "e").await;
    until_told((3, "photo.created")).await;
}

#[tokio::test]
async fn once_events_were_lost_no_list_of_before_is_given_again_though_nobody_watched() {
    let app = TestApp::start().await;
    for client_ref in ["a", "b", "c"] {
        upload(&app, client_ref).await;
    }
    let path = "/api/v1/photos?project_id=job-7";
    let before = app.get(path).await;
    lose_all_events_but_one(&app).await;
    for client_ref in ["d", "e"] {
        upload(&app, client_ref).await;
    }
    let known = app.http.get(app.url(path)).bearer_auth(app.ann());
    let known = known.header("if-none-match", before.header("etag")).send().await.unwrap();
    assert_eq!(known.status(), 200, "it has the same number, and is another list");
    let after = app.get(path).await.body;
    assert_eq!((&after["latest_event"], after["photos"].as_array().unwrap().len()), (&json!(3), 5));
}

/// As a database that takes over without the last commits of the one before it.
async fn lose_all_events_but_one(app: &TestApp) {
    let file = format!("sqlite://{}", app.database("test").display());
    let mut database = SqliteConnection::connect(&file).await.unwrap();
    for loss in ["DELETE FROM events WHERE number > 1", "UPDATE event_numbers SET latest = 1"] {
        sqlx::query(loss).execute(&mut database).await.unwrap();
    }
}

#[tokio::test]
async fn f45_streams_end_when_the_service_stops() {
    let app = TestApp::start().await;
    let mut stream = watch(&app, "project_id=job-7").await;
    assert_eq!(stream.names(1).await, names(&[(0, "ready")]));
    app.stop();
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn only_so_many_streams_are_open() {
    let app = TestApp::start().await;
    let mut open = Vec::new();
    for viewer in 0..MAX_STREAMS {
        let token = app.token_of(&format!("crew-{viewer}"), "acme", &["job-7"], &Scope::ALL);
        open.push(opened(&app, "project_id=job-7", Some(&token)).await);
    }
    assert_eq!(app.app.feeds.watching(), MAX_STREAMS);
    too_many(&app, "project_id=job-7", Some(&app.ann())).await;
    drop(open);
    // The service notices when it writes the next heartbeat or is told by the socket; a list still works.
    assert_eq!(app.get("/api/v1/photos?project_id=job-7").await.status, 200);
}

#[tokio::test]
async fn one_who_watches_cannot_take_the_streams_of_all_others_by_tokens_or_by_tickets() {
    let app = TestApp::start().await;
    let mut open = Vec::new();
    let query = "project_id=job-7";
    for _ in 0..MAX_STREAMS * 3 / 8 {
        open.push(opened(&app, query, Some(&app.ann())).await);
        open.push(opened(&app, &format!("ticket={}", ticket(&app).await), None).await);
    }
    too_many(&app, query, Some(&app.ann())).await;
    too_many(&app, &format!("ticket={}", ticket(&app).await), None).await;
    // The last quarter is for those who have few.
    let others = ["bob", "eve"].map(|subject| app.token_of(subject, "acme", &["job-7"], &Scope::ALL));
    for token in &others {
        open.push(opened(&app, query, Some(token)).await);
    }
    assert_eq!(app.app.feeds.watching(), MAX_STREAMS);
}

/// A stream that is let in.
async fn opened(app: &TestApp, query: &str, token: Option<&str>) -> EventStream {
    let stream = EventStream::open(app, query, token, None).await;
    let mut stream = stream.map_err(|refused| refused.body).unwrap();
    assert_eq!(stream.names(1).await, names(&[(0, "ready")]));
    stream
}

/// A stream that is refused, for now.
async fn too_many(app: &TestApp, query: &str, token: Option<&str>) {
    let Err(refused) = EventStream::open(app, query, token, None).await else {
        panic!("one stream too many")
    };
    refused.assert_problem(503, "unavailable");
    assert_eq!(refused.header("retry-after"), "2");
}

#[tokio::test]
async fn a_list_is_not_sent_again_until_something_happens() {
    let app = TestApp::start().await;
    let id = upload(&app, "a").await;
    // The signatures, and with them the answer, are others every quarter of an hour.
    app.clock.stop();
    let ask = async |query: &str, token: &str, etag: &str| {
        let request = app.http.get(app.url(&format!("/api/v1/photos?project_id=job-7{query}")));
        let answer = request.bearer_auth(token).header("if-none-match", etag).send().await.unwrap();
        (answer.status().as_u16(), answer.headers()["etag"].to_str().unwrap().to_owned())
    };
    let token = app.ann();
    let (status, etag) = ask("", &token, "").await;
    assert_eq!(status, 200);
    assert_eq!(ask("", &token, &etag).await, (304, etag.clone()));
    assert_eq!(ask("&kind=video", &token, &etag).await.0, 200, "another question");
    let other = app.token("other", &["*"], &Scope::ALL);
    assert_eq!(ask("", &other, &etag).await.0, 200, "another tenant");
    let body = json!({"caption": "north"});
    assert_eq!(app.call(Method::PATCH, &format!("/api/v1/photos/{id}"), &token, body).await.status, 200);
    assert_eq!(ask("", &token, &etag).await.0, 200, "something happened");
    let (_, etag) = ask("", &token, "").await;
    app.clock.advance(Duration::from_secs(16 * 60));
    assert_eq!(ask("", &token, &etag).await.0, 200, "the URLs are new ones");
    assert_eq!(
        app.call(Method::GET, "/api/v1/photos?project_id=job-7", &token, Value::Null).await.status,
        200
    );
}

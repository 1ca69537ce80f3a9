//! Two `windlass serve` on one PostgreSQL and one bucket: any of them answers what another one began, and at once
//! they do it once (rows F42 and F43 among instances).

use std::collections::HashSet;
use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bucket::Bucket;
use crate::document::{announce, bytes_of, complete, document, send_parts};
use crate::events::{Events, created};
use crate::postgres::Postgres;
use crate::running::ran;
use crate::service::{Served, serve};

/// How soon a stream of the one tells of what happened at the other. Where nobody tells that instance, its streams
/// find it when they look at the record, every fifteen seconds.
const AT_ONCE: Duration = Duration::from_secs(4);

/// The instances, what they share, and a folder of each.
struct Scene {
    one: Served,
    other: Served,
    bucket: Bucket,
    _folders: [TempDir; 2],
    _postgres: Postgres,
}

impl Scene {
    /// `None` where there is no PostgreSQL.
    async fn start() -> Option<Self> {
        let postgres = Postgres::start()?;
        let (bucket, folders) =
            (Bucket::start().await, [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()]);
        let instance = async |name: &str, folder: &TempDir| {
            let mut command = bucket.windlass(name).await;
            command.args(serve(folder.path())).env("WINDLASS_DATABASE_URL", postgres.url("postgres"));
            Served::start(command)
        };
        let (one, other) = (instance("one", &folders[0]).await, instance("other", &folders[1]).await);
        Some(Self { one, other, bucket, _folders: folders, _postgres: postgres })
    }

    fn check_health(&mut self) {
        self.one.check_health();
        self.other.check_health();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_instance_began_any_other_goes_on_with_and_tells_of() {
    let Some(mut scene) = Scene::start().await else { return };
    let (one, other, bytes) = (&scene.one, &scene.other, document(1));
    // A ticket of the one opens a stream of the other, once.
    let (status, ticket) = one.post("/api/v1/events/tickets", &json!({"project_id": "job-7"})).await;
    assert_eq!(status, 201, "{ticket}");
    let ticket = ticket["ticket"].as_str().unwrap();
    let mut events = Events::open(other, &format!("ticket={ticket}")).await;
    assert_eq!(events.next().await.unwrap().0, "ready");
    let mut told = async |name: &str| {
        let began = ran();
        let event = events.next_of(name).await;
        assert!(ran() - began < AT_ONCE, "{name} is not told at once");
        event["photo_id"].clone()
    };
    let again = one.http.get(format!("{}/api/v1/events?ticket={ticket}", one.api)).send().await.unwrap();
    assert_eq!(again.status(), 401, "used at the other, it is used up at the one");

    let id = announce(one, "plan", &bytes).await;
    assert_eq!(announce(other, "plan", &bytes).await, id, "announced again there, it is the same upload");
    send_parts(other, &id, &bytes).await;
    let ((status, photo), (other_status, other_photo)) =
        tokio::join!(complete(one, &id), complete(other, &id));
    assert_eq!((status, other_status), (200, 200), "{photo} {other_photo}");
    assert_eq!(photo["photo_id"], other_photo["photo_id"]);
    assert!(bytes_of(other, &photo).await == bytes, "stored byte for byte");
    assert_eq!(told("photo.created").await, photo["photo_id"]);

    let path = format!("/api/v1/photos/{}", photo["photo_id"].as_str().unwrap());
    let (status, changed) = one.send(Method::PATCH, &path, &json!({"caption": "north side"})).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(told("photo.updated").await, photo["photo_id"]);
    assert_eq!(other.get(&path).await.1["caption"], "north side");
    assert_eq!(one.send(Method::DELETE, &path, &Value::Null).await.0, 204);
    assert_eq!(told("photo.deleted").await, photo["photo_id"]);
    assert_eq!(other.get(&path).await.0, 404);
    scene.check_health();
}

/// A photo as it is answered, but for URLs, which each instance signs at a time of its own.
fn unsigned(photo: &Value) -> Value {
    let mut photo = photo.clone();
    for signed in ["url", "url_expires_at"] {
        assert!(photo[signed].is_string(), "{photo}");
        photo[signed] = Value::Null;
    }
    photo
}

#[tokio::test(flavor = "multi_thread")]
async fn f42_a_hundred_racers_over_two_instances_make_one_photo() {
    let Some(mut scene) = Scene::start().await else { return };
    let bytes = document(2);
    let id = announce(&scene.one, "plan", &bytes).await;
    send_parts(&scene.one, &id, &bytes).await;
    let instances = [&scene.one, &scene.other];
    let answers = join_all((0..100).map(|racer| complete(instances[racer % 2], &id))).await;
    for (status, photo) in &answers {
        assert_eq!((*status, unsigned(photo)), (200, unsigned(&answers[0].1)), "{photo}");
    }
    assert_eq!(scene.bucket.joins().len(), 1, "joined once");
    let photo = &answers[0].1;
    assert!(bytes_of(&scene.other, photo).await == bytes, "stored byte for byte");
    let id = photo["photo_id"].as_str().unwrap();
    assert_eq!(created(&scene.one, &scene.other, id).await, [photo["photo_id"].clone()]);
    scene.bucket.has_only(id).await;
    scene.check_health();
}

#[tokio::test(flavor = "multi_thread")]
async fn f43_complete_at_one_instance_and_abort_at_another_leave_one_truth() {
    let Some(mut scene) = Scene::start().await else { return };
    let mut outcomes = HashSet::new();
    for round in 0..6 {
        let (name, bytes) = (format!("plan-{round}"), document(round));
        let id = announce(&scene.one, &name, &bytes).await;
        send_parts(&scene.one, &id, &bytes).await;
        let path = format!("/api/v1/uploads/{id}");
        let joined_before = scene.bucket.joins().len();
        let abort = async {
            // Every third time it comes when the parts are being joined already.
            if round % 3 == 1 {
                scene.bucket.joining_begins(joined_before).await;
            }
            scene.other.send(Method::DELETE, &path, &Value::Null).await
        };
        let ((completed, photo), (aborted, body)) = match round % 3 {
            // And every third time it is over before the other one begins.
            2 => {
                let aborted = abort.await;
                (complete(&scene.one, &id).await, aborted)
            }
            _ => tokio::join!(complete(&scene.one, &id), abort),
        };
        let states = [scene.one.get(&path).await.1, scene.other.get(&path).await.1];
        assert_eq!(states[0]["status"], states[1]["status"]);
        let shown = format!("/api/v1/photos/{id}");
        let photos = join_all([&scene.one, &scene.other].map(|instance| instance.get(&shown))).await;
        match states[0]["status"].as_str().unwrap() {
            "uploaded" => {
                assert_eq!((completed, aborted), (200, 409), "{photo} {body}");
                assert!(photos.iter().all(|(status, _)| *status == 200), "{photos:?}");
                assert!(bytes_of(&scene.other, &photo).await == bytes, "stored byte for byte");
            }
            "aborted" => {
                assert_eq!((completed, aborted), (409, 204), "{photo} {body}");
                assert!(photos.iter().all(|(status, _)| *status == 404), "{photos:?}");
                scene.bucket.has_nothing_of(&id).await;
            }
            other => panic!("round {round}: {other}"),
        }
        outcomes.insert(completed);
    }
    assert_eq!(outcomes.len(), 2, "each has won: {outcomes:?}");
    scene.check_health();
}

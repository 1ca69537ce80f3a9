//! What a store says when parts are joined, or does not say: rows F29 to F32, between a real service and a real store.

use std::time::{Duration, Instant};

use fault_proxy::Fault;
use tempfile::TempDir;

use crate::bucket::Bucket;
use crate::document::{announce, bytes_of, complete, document, send_parts};
use crate::service::{Served, is_long, serve};

/// Longer than one try of any other call may take, which is 15 seconds.
const WHITE_SPACE: Duration = Duration::from_secs(18);
/// The row's, with `cargo xtask test rust --long`.
const LONG_WHITE_SPACE: Duration = Duration::from_secs(120);

/// A service on a bucket behind the proxy, and a document whose parts are all there.
struct Scene {
    bucket: Bucket,
    service: Served,
    bytes: Vec<u8>,
    id: String,
    _data: TempDir,
}

impl Scene {
    async fn start() -> Self {
        let (bucket, data) = (Bucket::start().await, tempfile::tempdir().unwrap());
        let mut command = bucket.windlass("store").await;
        command.args(serve(data.path()));
        let (service, bytes) = (Served::start(command), document(7));
        let id = announce(&service, "plan", &bytes).await;
        send_parts(&service, &id, &bytes).await;
        Self { bucket, service, bytes, id, _data: data }
    }

    /// Where the service says that it stands.
    async fn status(&self) -> String {
        let (status, body) = self.service.get(&format!("/api/v1/uploads/{}", self.id)).await;
        assert_eq!(status, 200, "{body}");
        body["status"].as_str().unwrap().to_owned()
    }

    /// It is a photo, byte for byte, and one alone.
    async fn is_stored(&mut self) {
        let (status, photo) = complete(&self.service, &self.id).await;
        assert_eq!(status, 200, "{photo}");
        assert!(bytes_of(&self.service, &photo).await == self.bytes, "stored byte for byte");
        let (_, list) = self.service.get("/api/v1/photos?project_id=job-7").await;
        assert_eq!(list["photos"].as_array().unwrap().len(), 1, "{list}");
        self.service.check_health();
    }
}

/// An answer in the store's place.
fn says(status: u16, code: &str) -> Fault {
    Fault::Respond {
        status,
        retry_after_s: None,
        headers: [("content-type".to_owned(), "application/xml".to_owned())].into(),
        body: format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>Says the test.\
             </Message></Error>"
        ),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_an_error_inside_a_200_is_no_success_and_is_tried_again() {
    let mut scene = Scene::start().await;
    scene.bucket.joins_meet([says(200, "InternalError"), says(200, "InternalError")]);
    let (status, photo) = complete(&scene.service, &scene.id).await;
    assert_eq!(status, 200, "{photo}");
    assert_eq!(scene.bucket.joins().len(), 3);
    scene.is_stored().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_an_error_inside_every_200_decides_nothing() {
    let mut scene = Scene::start().await;
    let rule = scene.bucket.every_join(says(200, "InternalError"));
    scene.bucket.proxy.set_rules(vec![rule]).unwrap();
    let (status, problem) = complete(&scene.service, &scene.id).await;
    assert_eq!((status, problem["code"].as_str()), (503, Some("store_unavailable")), "{problem}");
    assert_eq!(scene.status().await, "pending_upload");
    scene.bucket.proxy.set_rules(Vec::new()).unwrap();
    scene.is_stored().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_white_space_longer_than_any_other_call_may_take_is_waited_through_and_joined_once() {
    let mut scene = Scene::start().await;
    let how_long = if is_long() { LONG_WHITE_SPACE } else { WHITE_SPACE };
    let for_ms = u64::try_from(how_long.as_millis()).unwrap();
    scene.bucket.joins_meet([Fault::Whitespace { for_ms }]);
    let began = Instant::now();
    let photo = loop {
        let (status, body) = complete(&scene.service, &scene.id).await;
        if status == 200 {
            break body;
        }
        // A request waits less than a minute, and is told to come again; the joining goes on.
        assert_eq!((status, body["code"].as_str()), (503, Some("unavailable")), "{body}");
        assert!(began.elapsed() < 2 * how_long, "it does not end");
    };
    assert!(began.elapsed() >= how_long, "it took {:?}", began.elapsed());
    assert!(bytes_of(&scene.service, &photo).await == scene.bytes, "stored byte for byte");
    assert_eq!(scene.bucket.joins().len(), 1);
    scene.is_stored().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f31_a_join_whose_answer_was_lost_is_recognised_by_its_object() {
    let mut scene = Scene::start().await;
    // The second finds no upload any more, as at Amazon's.
    scene.bucket.joins_meet([Fault::DropAfter, says(404, "NoSuchUpload")]);
    let (status, photo) = complete(&scene.service, &scene.id).await;
    assert_eq!(status, 200, "{photo}");
    assert_eq!(scene.bucket.joins().len(), 2);
    scene.is_stored().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f31_no_upload_and_no_object_is_no_success_and_everything_is_sent_again() {
    let mut scene = Scene::start().await;
    scene.bucket.joins_meet([says(404, "NoSuchUpload")]);
    let (status, problem) = complete(&scene.service, &scene.id).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("parts_missing")), "{problem}");
    assert_eq!(problem["missing_parts"], serde_json::json!([1, 2]));
    assert_eq!(scene.status().await, "pending_upload");
    send_parts(&scene.service, &scene.id, &scene.bytes).await;
    scene.is_stored().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f32_parts_that_the_store_does_not_join_are_named_and_the_upload_stays_open() {
    for code in ["InvalidPart", "EntityTooSmall", "InvalidPartOrder"] {
        let mut scene = Scene::start().await;
        scene.bucket.joins_meet([says(400, code)]);
        let (status, problem) = complete(&scene.service, &scene.id).await;
        assert_eq!((status, problem["code"].as_str()), (409, Some("parts_missing")), "{code}: {problem}");
        assert_eq!(scene.status().await, "pending_upload", "{code}");
        send_parts(&scene.service, &scene.id, &scene.bytes).await;
        scene.is_stored().await;
    }
}

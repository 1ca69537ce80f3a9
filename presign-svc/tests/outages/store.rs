//! What a store says when parts are joined, or does not say: rows F29 to F32, between a real service and a real store;
//! and what it says to a service that has another time: row F36.

use std::time::{Duration, Instant};

use fault_proxy::{Fault, Rule};
use tempfile::TempDir;

use crate::bucket::Bucket;
use crate::document::{announce, bytes_of, complete, document, send_part, send_parts};
use crate::events::created;
use crate::required::cannot_run;
use crate::service::{Served, is_long, serve};

/// Longer than one try of any other call may take, which is 15 seconds.
const WHITE_SPACE: Duration = Duration::from_secs(18);
/// The row's, with `cargo xtask test rust --long`.
const LONG_WHITE_SPACE: Duration = Duration::from_secs(120);

/// How often the store is asked at most for one request that it refuses for the time it was signed at.
const ATTEMPTS_MOST: usize = 4;

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

    /// It is a photo, byte for byte, and one alone (I1); told once to be there (I5); and nothing else lies in the
    /// bucket (I2).
    async fn is_stored(&mut self) {
        let (status, photo) = complete(&self.service, &self.id).await;
        assert_eq!(status, 200, "{photo}");
        assert!(bytes_of(&self.service, &photo).await == self.bytes, "stored byte for byte");
        let (_, list) = self.service.get("/api/v1/photos?project_id=job-7").await;
        assert_eq!(list["photos"].as_array().unwrap().len(), 1, "{list}");
        let id = photo["photo_id"].as_str().unwrap();
        self.bucket.has_only(id).await;
        assert_eq!(created(&self.service, &self.service, id).await, [photo["photo_id"].clone()]);
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
    scene.bucket.give_up_uploads().await;
    let (status, problem) = complete(&scene.service, &scene.id).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("parts_missing")), "{problem}");
    assert_eq!(problem["missing_parts"], serde_json::json!([1, 2]));
    assert_eq!(scene.status().await, "pending_upload");
    send_parts(&scene.service, &scene.id, &scene.bytes).await;
    scene.is_stored().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f32_where_the_store_joins_nothing_and_has_it_all_everything_is_named_and_the_upload_stays_open() {
    for code in ["InvalidPart", "EntityTooSmall", "InvalidPartOrder"] {
        let mut scene = Scene::start().await;
        scene.bucket.joins_meet([says(400, code)]);
        let (status, problem) = complete(&scene.service, &scene.id).await;
        assert_eq!((status, problem["code"].as_str()), (409, Some("parts_missing")), "{code}: {problem}");
        // What the store lists is as it was: nobody can tell which of them it does not like.
        assert_eq!(problem["missing_parts"], serde_json::json!([1, 2]), "{code}");
        assert_eq!(scene.status().await, "pending_upload", "{code}");
        send_parts(&scene.service, &scene.id, &scene.bytes).await;
        scene.is_stored().await;
    }
}

/// Another page of the same person sends other bytes as the second part, between the listing and the join.
#[tokio::test(flavor = "multi_thread")]
async fn f32_a_part_that_was_replaced_meanwhile_is_named_and_it_alone_is_sent_again() {
    let mut scene = Scene::start().await;
    scene.bucket.joins_meet([Fault::Hold]);
    let (before, other) = (scene.bucket.joins().len(), document(8));
    let replaced = async {
        scene.bucket.joining_begins(before).await;
        send_part(&scene.service, &scene.id, &other, 2).await;
        scene.bucket.proxy.set_rules(Vec::new()).unwrap();
    };
    let ((status, problem), ()) = tokio::join!(complete(&scene.service, &scene.id), replaced);
    assert_eq!((status, problem["code"].as_str()), (409, Some("parts_missing")), "{problem}");
    assert_eq!(problem["missing_parts"], serde_json::json!([2]), "the other one is as it was");
    assert_eq!(scene.status().await, "pending_upload");
    send_part(&scene.service, &scene.id, &scene.bytes, 2).await;
    scene.is_stored().await;
}

/// Twenty minutes slow: what it signs the store finds too old. It is not asked for ever, and whoever runs it is told.
#[tokio::test(flavor = "multi_thread")]
async fn f36_a_service_whose_clock_is_slow_says_so_and_does_not_ask_the_store_for_ever() {
    let Some(library) = std::env::var_os("WINDLASS_SHIFTED_CLOCK") else {
        return cannot_run("WINDLASS_SHIFTED_CLOCK does not name the library that shifts a clock");
    };
    let (bucket, data) = (Bucket::start().await, tempfile::tempdir().unwrap());
    let mut command = bucket.windlass("store").await;
    command.args(serve(data.path())).env("LD_PRELOAD", library).env("WINDLASS_CLOCK_SHIFT_S", "-1200");
    let mut service = Served::start(command);
    let (status, not_ready) = service.get("/readyz").await;
    let detail = not_ready["detail"].as_str().unwrap_or_default();
    assert_eq!(status, 503, "{not_ready}");
    assert!(detail.contains("seconds behind the bucket's") && detail.contains("NTP"), "{detail}");
    let health = service.health().await;
    let skew = health["clock_skew_seconds"].as_i64().unwrap();
    assert!((-1_260..=-1_140).contains(&skew), "{health}");

    // As S3 has it; the store of these tests looks at the time of signed URLs alone.
    let refused = Rule::always(says(403, "RequestTimeTooSkewed"));
    bucket.proxy.set_rules(vec![refused]).unwrap();
    let before = bucket.proxy.requests_after(0).len();
    let file = serde_json::json!({"client_ref": "plan", "filename": "plan.pdf", "content_type": "application/pdf",
                                  "size": document(7).len()});
    let (_, body) =
        service.post("/api/v1/uploads", &serde_json::json!({"project_id": "job-7", "files": [file]})).await;
    let problem = &body["uploads"][0]["error"];
    assert_eq!(problem["code"], "store_unavailable", "{body}");
    assert_eq!(problem["status"], 503, "{body}");
    let asked = bucket.proxy.requests_after(0).len() - before;
    assert!((1..=ATTEMPTS_MOST).contains(&asked), "the store was asked {asked} times for one request");
    service.check_health();
}

/// A day fast: by such a clock what was just sent is old enough to be nobody's.
#[tokio::test(flavor = "multi_thread")]
async fn f36_a_clock_that_is_fast_compares_no_record_with_its_bucket() {
    let Some(library) = std::env::var_os("WINDLASS_SHIFTED_CLOCK") else {
        return cannot_run("WINDLASS_SHIFTED_CLOCK does not name the library that shifts a clock");
    };
    let (bucket, data) = (Bucket::start().await, tempfile::tempdir().unwrap());
    let told = async |task: &str| {
        let mut command = bucket.windlass(task).await;
        command.args([task, "--data-dir"]).arg(data.path());
        command.env("LD_PRELOAD", &library).env("WINDLASS_CLOCK_SHIFT_S", "90000");
        let output = tokio::task::block_in_place(|| command.output()).unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (migrated, says) = told("migrate").await;
    assert!(migrated, "{says}");
    let (compared, says) = told("reconcile").await;
    assert!(!compared && says.contains("seconds ahead of the bucket's") && says.contains("NTP"), "{says}");
}

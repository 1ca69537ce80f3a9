//! The doctor before a bucket of which one thing is wrong: it names that thing, in a sentence, with what to do, and no
//! other. The fault proxy makes the bucket wrong.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use fault_proxy::{Fault, FaultProxy, Rule};
use tempfile::TempDir;

use crate::{Served, doctor, run, windlass};

const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A sound bucket behind the proxy.
struct Scene {
    proxy: Arc<FaultProxy>,
    address: String,
    _served: Served,
    folder: TempDir,
}

impl Scene {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let served = Served::start(folder.path());
        let proxy = FaultProxy::new();
        let upstream = served.store.strip_prefix("http://").unwrap();
        let front = proxy.open_front("store", LOOPBACK, upstream).await.unwrap();
        Self { proxy, address: format!("http://{front}"), _served: served, folder }
    }

    /// What the doctor says of a bucket with these faults: whether it is well, and everything it wrote.
    fn examined(&self, rules: Vec<Rule>) -> (bool, String) {
        self.proxy.set_rules(rules).unwrap();
        let (output, text) = tokio::task::block_in_place(|| doctor(self.folder.path(), &self.address, ""));
        (output.status.success(), text)
    }

    /// That one thing is to be fixed, and said so.
    fn is_told(&self, rules: Vec<Rule>, sentence: &str) -> String {
        let (is_well, text) = self.examined(rules);
        assert!(!is_well && text.contains("one thing must be fixed"), "{sentence}: {text}");
        assert!(text.contains(&format!("FIX   {sentence}")), "{sentence}: {text}");
        text
    }
}

fn on(method: &str, fault: Fault) -> Rule {
    Rule { method: Some(method.to_owned()), ..Rule::always(fault) }
}

fn says(status: u16, headers: &[(&str, &str)], body: &str) -> Fault {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Fault::Respond { status, retry_after_s: None, headers, body: body.to_owned() }
}

/// The upstream's answer with another header.
fn with_header(name: &str, value: &str) -> Fault {
    let set_headers = BTreeMap::from([(name.to_owned(), value.to_owned())]);
    Fault::Rewrite { status: None, remove_headers: Vec::new(), set_headers, body: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn cors_that_keeps_pages_out_is_named_with_the_rules_to_set() {
    let scene = Scene::start().await;
    let pages = "CORS: pages of https://app.example.com cannot send files:";
    for (rule, why) in [
        (
            on("OPTIONS", says(403, &[], "")),
            "the bucket answers the preflight with 403 Forbidden and no leave.",
        ),
        (
            on("OPTIONS", with_header("access-control-allow-origin", "https://other.example.com")),
            "the bucket answers the preflight with 200 OK and no leave.",
        ),
        (
            on("OPTIONS", with_header("access-control-allow-methods", "GET, HEAD")),
            "PUT is not among the allowed methods.",
        ),
        (
            on("OPTIONS", with_header("access-control-allow-headers", "content-type, if-none-match")),
            "x-amz-checksum-crc64nvme is not among the allowed headers.",
        ),
        (
            on("GET", with_header("access-control-expose-headers", "location")),
            "ETag is not among the exposed headers.",
        ),
    ] {
        let text = scene.is_told(vec![rule], &format!("{pages} {why} Set the rules below."));
        assert!(text.contains("aws s3api put-bucket-cors --bucket windlass"), "{text}");
        for line in ["\"https://app.example.com\"", "\"PUT\"", "\"x-amz-checksum-crc64nvme\"", "\"ETag\""] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_cannot_read_how_long_a_busy_bucket_wants_to_be_left_alone_are_named() {
    let scene = Scene::start().await;
    let (is_well, text) =
        scene.examined(vec![on("GET", with_header("access-control-expose-headers", "ETag"))]);
    assert!(is_well, "uploads work all the same: {text}");
    assert!(
        text.contains("note  CORS: pages of https://app.example.com may send files, but come back"),
        "{text}"
    );
    assert!(text.contains("\"Retry-After\""), "the rules are printed: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_is_named_with_how_far() {
    let scene = Scene::start().await;
    let long_ago = Rule {
        path: Some("^/$".to_owned()),
        ..on("GET", with_header("date", "Fri, 21 Nov 2025 12:00:00 GMT"))
    };
    let text = scene.is_told(vec![long_ago], "clock: this machine's clock is ");
    assert!(text.contains(" seconds ahead of the bucket's,") && text.contains("Set up NTP"), "{text}");
    let silent = Rule { path: Some("^/$".to_owned()), ..on("GET", with_header("date", "today")) };
    let (is_well, text) = scene.examined(vec![silent]);
    assert!(is_well && text.contains("note  clock: the bucket does not say what time it is."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_conditional_writes_is_named_with_the_setting() {
    let scene = Scene::start().await;
    let unknown = on("PUT", says(501, &[], "<Error><Code>NotImplemented</Code></Error>"));
    scene.is_told(
        vec![unknown],
        "signed writes: the store knows no If-None-Match. Set WINDLASS_S3_CONDITIONAL_WRITES=false.",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_refuses_or_spoils_what_was_signed_is_named() {
    let scene = Scene::start().await;
    let text = scene.is_told(
        vec![on("PUT", says(403, &[], ""))],
        "signed writes: the bucket refuses a signed PUT (403). The credentials may lack s3:PutObject",
    );
    assert!(text.contains("\"s3:PutObject\""), "{text}");
    let written = |method: &str, fault: Fault| Rule {
        path: Some("/windlass/.+[.]txt$".to_owned()),
        ..on(method, fault)
    };
    let denied = || says(403, &[], "<Error><Code>AccessDenied</Code><Message>no</Message></Error>");
    for (method, sentence, permission) in [
        ("GET", "what was written cannot be read", "s3:GetObject,"),
        ("DELETE", "what was written cannot be removed", "s3:DeleteObject:"),
    ] {
        let text = scene.is_told(vec![written(method, denied())], &format!("signed writes: {sentence}"));
        let line = text.lines().find(|line| line.contains("signed writes: ")).unwrap();
        assert!(line.contains(permission) && line.contains("give them the policy below"), "{line}");
        assert!(text.contains("\"s3:DeleteObject\""), "the policy is printed: {text}");
    }
    let other = says(206, &[("content-range", "bytes 0-14/15")], "windlass doktor");
    scene.is_told(
        vec![written("GET", other)],
        "signed writes: the bucket gives back other bytes than it was given.",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_ignores_checksums_or_keeps_none_is_named() {
    let scene = Scene::start().await;
    let of = |ending: &str, rule: Rule| Rule { path: Some(format!("/windlass/.+[.]{ending}$")), ..rule };
    // The first PUT is that of the signed writes, the second the one of damaged bytes.
    let takes_all = || of("txt", Rule { nth: Some(2), ..on("PUT", says(200, &[], "")) });
    let tells_none = |ending: &str| {
        let remove_headers = vec!["x-amz-checksum-crc64nvme".to_owned()];
        let silent =
            Fault::Rewrite { status: None, remove_headers, set_headers: BTreeMap::new(), body: None };
        of(ending, on("HEAD", silent))
    };
    let damaged = "checksums: the store takes bytes that have not the CRC64NVME signed with them: a photo that is \
                   damaged on its way would be kept, and called verified. Use a store,";
    scene.is_told(vec![takes_all()], damaged);
    scene.is_told(vec![takes_all(), tells_none("txt")], damaged);
    let unwell = of("txt", Rule { nth: Some(2), ..on("PUT", says(503, &[], "")) });
    scene.is_told(vec![unwell], "checksums: the bucket answers a PUT of damaged bytes with 503 ");
    let of_films = "films: the store does not tell the CRC64NVME of a file that was joined from its parts: nothing else \
                    confirms that such a file is whole, and Windlass refuses it. Use a store,";
    scene.is_told(vec![tells_none("mp4")], of_films);
    let (is_well, text) = scene.examined(vec![tells_none("txt")]);
    assert!(is_well, "what comes whole is verified on arrival: {text}");
    assert!(text.contains("note  checksums: the bucket refuses what was damaged on its way, but"), "{text}");
    let (is_well, text) = scene.examined(Vec::new());
    assert!(is_well && text.contains("ok    checksums: the bucket refuses what was damaged"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_doctor_sends_is_signed_with_its_checksum_as_what_browsers_send() {
    let scene = Scene::start().await;
    let flipped = || on("PUT", Fault::FlipRequest { at: 0.5 });
    scene.is_told(
        vec![Rule { nth: Some(1), ..flipped() }],
        "signed writes: the bucket answers a signed PUT with 400 Bad Request. A store that does not know \
         x-amz-checksum-crc64nvme may answer so; Windlass needs one that does.",
    );
    scene.is_told(
        vec![Rule { query: Some("partNumber=".to_owned()), ..flipped() }],
        "films: the bucket answers a signed part with 400 Bad Request.",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_films_need_and_the_credentials_lack_is_named() {
    let scene = Scene::start().await;
    let denied = |method: &str, query: &str| Rule {
        query: Some(query.to_owned()),
        ..on(method, says(403, &[], "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"))
    };
    for (rule, sentence, permission) in [
        (denied("POST", "^uploads"), "an upload in parts cannot be opened", "s3:PutObject"),
        (denied("PUT", "partNumber="), "the bucket refuses a signed part (403)", "kms:Decrypt"),
        (
            denied("GET", "uploadId="),
            "the parts of an upload cannot be listed",
            "s3:ListMultipartUploadParts",
        ),
        (denied("GET", "^uploads"), "uploads in parts cannot be listed", "s3:ListBucketMultipartUploads"),
        (denied("DELETE", "uploadId="), "an upload in parts cannot be given up", "s3:AbortMultipartUpload"),
    ] {
        let text = scene.is_told(vec![rule], &format!("films: {sentence}"));
        let line = text.lines().find(|line| line.contains("films: ")).unwrap();
        assert!(line.contains(permission), "{line}");
        assert!(text.contains("\"s3:ListBucketMultipartUploads\""), "the policy is printed: {text}");
    }
    let (is_well, text) = scene.examined(Vec::new());
    assert!(is_well && text.contains("ok    films: the bucket takes files in parts"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_anyone_can_read_is_named() {
    let scene = Scene::start().await;
    // Whoever signs has something in the query; the doctor's look without a signature has nothing.
    let public = Rule {
        path: Some("/windlass/.+".to_owned()),
        query: Some("^$".to_owned()),
        ..on("GET", says(200, &[("access-control-expose-headers", "ETag")], "windlass doctor"))
    };
    scene.is_told(
        vec![public],
        "signed writes: anyone can read what is in the bucket, without a signature. Block public access.",
    );
}

const ABORTS: &str = "<Rule><ID>a</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>\
    <AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation>\
    </AbortIncompleteMultipartUpload></Rule>";

fn expires(prefix: &str, days: u32) -> String {
    format!(
        "<Rule><ID>b</ID><Status>Enabled</Status><Filter><Prefix>{prefix}</Prefix></Filter>\
         <Expiration><Days>{days}</Days></Expiration></Rule>"
    )
}

fn lifecycle(rules: &str) -> Vec<Rule> {
    let body = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
    let fault = says(200, &[("content-type", "application/xml")], &body);
    vec![Rule { query: Some("^lifecycle".to_owned()), ..on("GET", fault) }]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bucket_does_not_clear_away_is_named_with_the_rules_to_set() {
    let scene = Scene::start().await;
    for (rules, line) in [
        (
            lifecycle(""),
            "note  lifecycle: incomplete multipart uploads stay in the bucket, and are paid for, when the service \
             cannot remove them. Set the rules below.",
        ),
        (
            lifecycle(ABORTS),
            "note  lifecycle: staged pieces stay in the bucket, and are paid for, when the service cannot remove \
             them. Set the rules below.",
        ),
        (
            lifecycle(&format!("{ABORTS}{}", expires("windlass-staging/", 5))),
            "ok    lifecycle: incomplete multipart uploads are removed by the bucket after 7 days, staged pieces \
             after 5.",
        ),
    ] {
        let (is_well, text) = scene.examined(rules);
        assert!(is_well && text.contains(line), "{line}: {text}");
        assert_eq!(text.contains("put-bucket-lifecycle-configuration"), line.starts_with("note"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_removes_photos_or_what_is_on_its_way_is_named() {
    let scene = Scene::start().await;
    let text = scene.is_told(
        lifecycle(&format!("{ABORTS}{}", expires("", 30))),
        "lifecycle: the bucket removes every photo after a time",
    );
    assert!(text.contains("put-bucket-lifecycle-configuration"), "{text}");
    for (rules, sentence) in [
        (
            format!("{}{}", expires("windlass-staging/", 5), expires("acme/", 30)),
            "what begins with acme/ after a time",
        ),
        // The doctor's deadline is a day.
        (expires("windlass-staging/", 0), "what has arrived of an upload after 0 days, but it has 24 hours"),
    ] {
        let (is_well, text) = scene.examined(lifecycle(&format!("{ABORTS}{rules}")));
        let line = format!("note  lifecycle: the bucket removes {sentence}");
        assert!(is_well && text.contains(&line), "{line}: {text}");
        assert!(text.contains("put-bucket-lifecycle-configuration"), "{text}");
    }
}

#[test]
fn the_policy_is_of_the_partition_of_the_region_that_the_environment_names() {
    let folder = TempDir::new().unwrap();
    let (_, text) = run(windlass(folder.path())
        // Nothing answers there.
        .args(["doctor", "--s3-bucket", "photos", "--s3-endpoint", "http://127.0.0.1:1"])
        .env("AWS_REGION", "cn-north-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .args(["--policies"]));
    assert!(text.contains("\"arn:aws-cn:s3:::photos/*\""), "{text}");
}

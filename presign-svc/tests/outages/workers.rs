//! Two processes of `windlass work` beside each other: what came in small pieces is put together once, whichever of
//! them does it, and by the other where one is killed in the middle of it.
//!
//! Each process reaches the store by a front of its own of the fault proxy, whose journal says who wrote what.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fault_proxy::{Fault, FaultProxy, JournalEntry, Rule};
use futures::future::join_all;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use windlass_embedded_store::{AllowedOrigins, EmbeddedStore, StoreConfig};

use crate::postgres::Postgres;
use crate::service::{Served, WINDLASS, program, serve};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const PIECE_BYTES: usize = 128 << 10;
/// What the workers are called, and their fronts.
const WORKERS: [&str; 2] = ["one", "other"];
/// A lease ends fifteen seconds after it was last renewed; the rest is for a busy machine.
const TAKE_OVER: Duration = Duration::from_secs(60);

/// A bucket, a database, a service that leaves the jobs to others, and two who do them.
struct Scene {
    _postgres: Postgres,
    proxy: Arc<FaultProxy>,
    service: Served,
    workers: BTreeMap<&'static str, Worker>,
    _data: TempDir,
}

/// A process of `windlass work`, killed when dropped.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Scene {
    /// With the workers at work. `None` where there is no PostgreSQL.
    async fn start() -> Option<Self> {
        let postgres = Postgres::start()?;
        let data = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(StoreConfig {
            root: data.path().join("store"),
            bucket: "photos".to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: "test".to_owned(),
            secret_access_key: "a secret of these tests".to_owned(),
            allowed_origins: AllowedOrigins::Any,
        });
        let (store, listener) = (store.await.unwrap(), TcpListener::bind(LOOPBACK).await.unwrap());
        let upstream = listener.local_addr().unwrap().to_string();
        tokio::spawn(store.serve(listener, std::future::pending()));
        let proxy = FaultProxy::new();
        let configured = async |name: &str| {
            let front = proxy.open_front(name, LOOPBACK, &upstream).await.unwrap();
            let mut command = program(WINDLASS);
            let endpoint = format!("http://{front}");
            let database = postgres.url("postgres");
            command.envs([
                ("WINDLASS_S3_BUCKET", "photos"),
                ("WINDLASS_S3_REGION", "us-east-1"),
                ("WINDLASS_S3_ENDPOINT", &endpoint),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "a secret of these tests"),
                ("WINDLASS_DATABASE_URL", &database),
                ("WINDLASS_WORK", "apart"),
            ]);
            command
        };
        let mut command = configured("service").await;
        let service = Served::start({
            command.args(serve(data.path()));
            command
        });
        let mut workers = BTreeMap::new();
        for name in WORKERS {
            let command = configured(name).await;
            workers.insert(name, work(command, &data, name));
        }
        Some(Self { _postgres: postgres, proxy, service, workers, _data: data })
    }

    /// Announces a file, stages all of it, and says so; answers its upload.
    async fn stage(&self, name: &str, bytes: &[u8]) -> String {
        let file = json!({"client_ref": name, "filename": "plan.pdf", "content_type": "application/pdf",
                          "size": bytes.len(), "checksum": crc64nvme(bytes)});
        let announced = json!({"project_id": "job-7", "files": [file]});
        let (status, body) = self.service.post("/api/v1/uploads", &announced).await;
        assert_eq!(status, 201, "{body}");
        let id = body["uploads"][0]["upload_id"].as_str().unwrap().to_owned();
        let chunks: Vec<&[u8]> = bytes.chunks(PIECE_BYTES).collect();
        let pieces = chunks.iter().enumerate();
        let pieces = pieces.map(|(n, chunk)| json!({"piece_number": n + 1, "checksum": crc64nvme(chunk)}));
        let wanted = json!({"piece_size": PIECE_BYTES, "pieces": pieces.collect::<Vec<_>>()});
        let (status, signed) = self.service.post(&format!("/api/v1/uploads/{id}/pieces"), &wanted).await;
        assert_eq!(status, 200, "{signed}");
        for (chunk, piece) in chunks.into_iter().zip(signed["pieces"].as_array().unwrap()) {
            let mut put = self.service.http.put(piece["url"].as_str().unwrap()).body(chunk.to_vec());
            let headers = piece["headers"].as_object().unwrap();
            for (name, value) in headers.iter().filter(|(name, _)| *name != "content-length") {
                put = put.header(name, value.as_str().unwrap());
            }
            assert_eq!(put.send().await.unwrap().status(), 200);
        }
        id
    }

    /// Completes as a client does, until it is a photo.
    async fn complete(&self, id: &str) -> Value {
        let began = Instant::now();
        loop {
            // It waits for the job for some seconds.
            let (status, body) =
                self.service.post(&format!("/api/v1/uploads/{id}/complete"), &json!({})).await;
            if status == 200 {
                return body;
            }
            // On a busy machine the service may not get its turn in time either, and says so.
            let is_later = matches!((status, body["code"].as_str()), (409, Some("assembling")) | (503, _));
            assert!(is_later, "{status}: {body}");
            assert!(began.elapsed() < TAKE_OVER, "nobody puts {id} together");
        }
    }

    /// What the workers wrote, or began to write, in an original's place.
    fn compositions(&self) -> Vec<JournalEntry> {
        let requests = self.proxy.requests_after(0).into_iter();
        let by_workers = requests.filter(|request| WORKERS.contains(&request.front.as_str()));
        by_workers.filter(|request| request.method == "PUT" && request.path.contains("/original")).collect()
    }

    /// The bytes of a photo.
    async fn bytes_of(&self, photo: &Value) -> Vec<u8> {
        let answer = self.service.http.get(photo["url"].as_str().unwrap()).send().await.unwrap();
        answer.bytes().await.unwrap().to_vec()
    }
}

fn work(mut command: Command, data: &TempDir, name: &str) -> Worker {
    command.args(["work", "--data-dir"]).arg(data.path());
    Worker(command.stderr(File::create(data.path().join(format!("{name}.log"))).unwrap()).spawn().unwrap())
}

/// As S3 writes it.
fn crc64nvme(bytes: &[u8]) -> String {
    STANDARD.encode(crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes).to_be_bytes())
}

fn plan(number: u8) -> Vec<u8> {
    [b"%PDF-1.7\n".to_vec(), vec![number; 3 * PIECE_BYTES]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_put_each_upload_together_once() {
    let Some(scene) = Scene::start().await else { return };
    let files: Vec<Vec<u8>> = (0..12).map(plan).collect();
    let names: Vec<String> = (0..files.len()).map(|number| format!("plan-{number}")).collect();
    let ids = join_all(names.iter().zip(&files).map(|(name, bytes)| scene.stage(name, bytes))).await;
    let photos = join_all(ids.iter().map(|id| scene.complete(id))).await;
    for (photo, bytes) in photos.iter().zip(&files) {
        assert!(scene.bytes_of(photo).await == *bytes, "stored byte for byte");
    }
    let mut written: BTreeMap<String, u32> = BTreeMap::new();
    for composition in scene.compositions() {
        assert_eq!(composition.status, Some(200), "{composition:?}");
        *written.entry(composition.path).or_default() += 1;
    }
    assert_eq!(written.len(), files.len());
    assert!(written.values().all(|times| *times == 1), "{written:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_worker_was_at_the_other_one_does_when_its_lease_has_ended() {
    let Some(mut scene) = Scene::start().await else { return };
    let stuck = Rule {
        method: Some("PUT".to_owned()),
        path: Some("/original".to_owned()),
        times: Some(1),
        ..Rule::always(Fault::Stall { at: 0.5, for_ms: None })
    };
    scene.proxy.set_rules(vec![stuck]).unwrap();
    let bytes = plan(7);
    let id = scene.stage("plan", &bytes).await;
    let (early, _) = scene.service.post(&format!("/api/v1/uploads/{id}/complete"), &json!({})).await;
    assert_eq!(early, 409);
    let began = Instant::now();
    let at_work = loop {
        if let [first] = scene.compositions().as_slice() {
            break first.clone();
        }
        assert!(began.elapsed() < TAKE_OVER, "nobody begins");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let killed = WORKERS.into_iter().find(|name| *name == at_work.front).unwrap();
    // SIGKILL: it cannot give anything back.
    drop(scene.workers.remove(killed).unwrap());

    let photo = scene.complete(&id).await;
    assert!(scene.bytes_of(&photo).await == bytes, "stored byte for byte");
    let compositions = scene.compositions();
    let [first, second] = compositions.as_slice() else { panic!("{compositions:?}") };
    assert_eq!((first.front.as_str(), first.status), (killed, None));
    assert_ne!(second.front, killed);
    assert_eq!(second.status, Some(200));
}

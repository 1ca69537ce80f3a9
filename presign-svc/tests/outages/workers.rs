//! Two processes of `windlass work` beside each other: what came in small pieces is put together once, whichever of
//! them does it, and by the other where one is killed in the middle of it.
//!
//! Each process reaches the store by a front of its own of the fault proxy, whose journal says who wrote what.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use fault_proxy::{Fault, JournalEntry, Rule};
use futures::future::join_all;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bucket::Bucket;
use crate::document::{announce, announce_cut, bytes_of, crc64nvme};
use crate::postgres::Postgres;
use crate::service::{Served, serve};

const PIECE_BYTES: usize = 128 << 10;
/// What the workers are called, and their fronts.
const WORKERS: [&str; 2] = ["one", "other"];
/// Pieces as large as they get.
const LARGE_PIECE_BYTES: usize = 512 << 10;
/// The largest part that is put together.
const LARGE_PART_BYTES: usize = 64 << 20;
/// Beside a part, the pieces that are read at once, and what connections and the allocator keep.
const BESIDE_A_PART_KIB: u64 = 8 * (LARGE_PIECE_BYTES as u64 >> 10) + 20 * 1024;
/// A lease ends fifteen seconds after it was last renewed; the rest is for a busy machine.
const TAKE_OVER: Duration = Duration::from_secs(60);

/// A bucket, a database, a service that leaves the jobs to others, and two who do them.
struct Scene {
    _postgres: Postgres,
    bucket: Bucket,
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
        let (bucket, data) = (Bucket::start().await, tempfile::tempdir().unwrap());
        let configured = async |name: &str| {
            let mut command = bucket.windlass(name).await;
            command.env("WINDLASS_DATABASE_URL", postgres.url("postgres")).env("WINDLASS_WORK", "apart");
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
        Some(Self { _postgres: postgres, bucket, service, workers, _data: data })
    }

    /// Announces a file and stages all of it; answers its upload.
    async fn stage(&self, name: &str, bytes: &[u8]) -> String {
        let id = announce(&self.service, name, bytes).await;
        self.send_pieces(&id, bytes, PIECE_BYTES).await;
        id
    }

    async fn send_pieces(&self, id: &str, bytes: &[u8], piece_bytes: usize) {
        let chunks: Vec<&[u8]> = bytes.chunks(piece_bytes).collect();
        let pieces = chunks.iter().enumerate();
        let pieces = pieces.map(|(n, chunk)| json!({"piece_number": n + 1, "checksum": crc64nvme(chunk)}));
        let wanted = json!({"piece_size": piece_bytes, "pieces": pieces.collect::<Vec<_>>()});
        let (status, signed) = self.service.post(&format!("/api/v1/uploads/{id}/pieces"), &wanted).await;
        assert_eq!(status, 200, "{signed}");
        for (chunk, piece) in chunks.into_iter().zip(signed["pieces"].as_array().unwrap()) {
            assert_eq!(self.service.put(piece, chunk).await, 200);
        }
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
        let requests = self.bucket.proxy.requests_after(0).into_iter();
        let by_workers = requests.filter(|request| WORKERS.contains(&request.front.as_str()));
        by_workers.filter(|request| request.method == "PUT" && request.path.contains("/original")).collect()
    }
}

fn work(mut command: Command, data: &TempDir, name: &str) -> Worker {
    command.args(["work", "--data-dir"]).arg(data.path());
    Worker(command.stderr(File::create(data.path().join(format!("{name}.log"))).unwrap()).spawn().unwrap())
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
        assert!(bytes_of(&scene.service, photo).await == *bytes, "stored byte for byte");
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
    scene.bucket.proxy.set_rules(vec![stuck]).unwrap();
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
    assert!(bytes_of(&scene.service, &photo).await == bytes, "stored byte for byte");
    let compositions = scene.compositions();
    let [first, second] = compositions.as_slice() else { panic!("{compositions:?}") };
    assert_eq!((first.front.as_str(), first.status), (killed, None));
    assert_ne!(second.front, killed);
    assert_eq!(second.status, Some(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_has_one_part_of_a_file_in_memory_and_the_pieces_it_is_reading() {
    let Some(mut scene) = Scene::start().await else { return };
    let worker = scene.workers["one"].0.id();
    // It does all there is, so that its memory tells.
    drop(scene.workers.remove("other").unwrap());
    let small = scene.stage("small", &plan(1)).await;
    scene.complete(&small).await;
    let before = peak_memory_kib(worker);

    // Two parts, which together are more than is allowed.
    let bytes = [b"%PDF-1.7\n".to_vec(), vec![7; LARGE_PART_BYTES / 2 * 3 - 9]].concat();
    let id = announce_cut(&scene.service, "large", &bytes, LARGE_PART_BYTES).await;
    scene.send_pieces(&id, &bytes, LARGE_PIECE_BYTES).await;
    let photo = scene.complete(&id).await;
    let growth = peak_memory_kib(worker).saturating_sub(before);
    eprintln!("peak memory grew by {growth} KiB over {before} KiB");
    let allowed = (LARGE_PART_BYTES as u64 >> 10) + BESIDE_A_PART_KIB;
    assert!(growth <= allowed, "peak memory grew by {growth} KiB, allowed are {allowed}");
    assert!(bytes_of(&scene.service, &photo).await == bytes, "stored byte for byte");
    assert_eq!(scene.compositions().len(), 3, "the small file, and two parts");
}

/// The most a process ever had in memory, from Linux' `/proc`.
fn peak_memory_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

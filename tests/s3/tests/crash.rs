//! Kill -9 at any moment: each object is wholly the old one or wholly the new one, what was
//! acknowledged stays, and an upload whose parts were acknowledged can still be completed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use aws_sdk_s3::types::ChecksumAlgorithm;
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use windlass_embedded_store::EmbeddedStore;
use windlass_s3_suite::sample::noise;
use windlass_s3_suite::upload::{PART_BYTES, Upload, read};
use windlass_s3_suite::{Refusal, S3Target, StoreProcess, refusal, store_config};

const KILLS: u64 = 25;
/// On a slow machine fewer kills must do.
const TIME_LIMIT: Duration = Duration::from_secs(15);

/// What is known of a key: the version that was acknowledged last, and one that may have made it.
/// Version 0 is "no object".
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    acknowledged: u64,
    attempted: u64,
}

/// A version's bytes: its number, then noise of a length that differs from version to version.
fn content(key: &str, version: u64) -> Bytes {
    let seed = version * 31 + key.len() as u64;
    let length = if key.starts_with("large") { 700_000 } else { 1_000 } + (version as usize * 7_919) % 50_000;
    [&version.to_be_bytes()[..], &noise(seed, length)].concat().into()
}

/// A multipart object's second part differs from version to version, its first is the same.
fn multipart_content(version: u64) -> [Bytes; 2] {
    static FIRST: LazyLock<Bytes> = LazyLock::new(|| noise(1, PART_BYTES));
    [FIRST.clone(), content("multipart", version)]
}

#[tokio::test]
async fn a_kill_leaves_old_or_new_and_keeps_what_was_acknowledged() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let keys = ["small/a", "small/b", "large/a", "deleted/a"];
    let mut known: BTreeMap<&str, Known> = keys.iter().map(|key| (*key, Known::default())).collect();
    let (mut multipart, mut interrupted, mut resumed) = (Known::default(), None, 0);
    let (began, mut kills) = (Instant::now(), 0);
    while kills < KILLS && began.elapsed() < TIME_LIMIT {
        let mut process = StoreProcess::start(env!("CARGO_BIN_EXE_store-process"), folder.path())?;
        let target = process.target().clone();
        for (key, known) in &mut known {
            known.acknowledged =
                check(&target, key, *known).await.with_context(|| format!("kill {kills}, {key}"))?;
        }
        resumed += usize::from(interrupted.is_some());
        let found = check_multipart(&target, multipart, interrupted.take()).await;
        multipart.acknowledged = found.with_context(|| format!("kill {kills}, multipart"))?;

        let mut writers = JoinSet::new();
        for (key, known) in &known {
            writers.spawn(write((*key).to_owned(), *known, target.clone()));
        }
        let about_to_complete = Arc::new(Notify::new());
        let completing = tokio::spawn(complete(multipart, target.clone(), Arc::clone(&about_to_complete)));
        // Spread over the writes' steps (body, manifest, rename, answer, clean-up): every other time
        // counted from the start, and from the moment a Complete is sent.
        if kills % 2 == 0 {
            tokio::time::sleep(Duration::from_millis(10 + kills * 37 % 97)).await;
        } else {
            tokio::time::timeout(Duration::from_secs(5), about_to_complete.notified()).await.ok();
            tokio::time::sleep(Duration::from_micros(kills * 311 % 4_000)).await;
        }
        process.kill()?;
        kills += 1;
        while let Some(written) = writers.join_next().await {
            let (key, after) = written?;
            let entry = known.iter_mut().find(|(found, _)| **found == key).context("an unknown key")?;
            *entry.1 = after;
        }
        (multipart, interrupted) = completing.await?;
    }
    ensure!(kills >= 5, "only {kills} kills in {TIME_LIMIT:?}");
    ensure!(known.values().any(|known| known.acknowledged > 0), "no write was ever acknowledged");
    ensure!(multipart.acknowledged > 0 && resumed > 0, "{resumed} uploads resumed, {multipart:?}");
    nothing_is_left_behind(folder.path()).await
}

/// Writes version after version until the store is gone.
async fn write(key: String, mut known: Known, target: S3Target) -> (String, Known) {
    let client = target.client();
    known.attempted = known.acknowledged;
    loop {
        let version = known.attempted.max(known.acknowledged) + 1;
        known.attempted = version;
        let put = client.put_object().bucket(&target.bucket).key(&key).body(content(&key, version).into());
        if put.send().await.is_err() {
            return (key, known);
        }
        known.acknowledged = version;
        if key.starts_with("deleted") {
            known.attempted = 0;
            if client.delete_object().bucket(&target.bucket).key(&key).send().await.is_err() {
                return (key, known);
            }
            known = Known { acknowledged: 0, attempted: version };
        }
    }
}

async fn read_if_there(target: &S3Target, key: &str) -> Result<Option<Bytes>> {
    match target.client().get_object().bucket(&target.bucket).key(key).send().await {
        Ok(object) => Ok(Some(object.body.collect().await?.into_bytes())),
        Err(error) => {
            let absent = refusal(Err::<(), _>(error))?;
            ensure!(absent == Refusal { status: 404, code: "NoSuchKey".into() }, "{absent:?}");
            Ok(None)
        }
    }
}

fn version_of(bytes: &Bytes) -> Result<u64> {
    Ok(u64::from_be_bytes(*bytes.first_chunk().context("an object too short to be one of ours")?))
}

/// Reads a key after a restart; the version found is the one that counts from now on.
async fn check(target: &S3Target, key: &str, known: Known) -> Result<u64> {
    let found = match read_if_there(target, key).await? {
        None => 0,
        Some(bytes) => {
            let version = version_of(&bytes)?;
            ensure!(bytes == content(key, version), "a mixture of versions");
            version
        }
    };
    ensure!(found == known.acknowledged || found == known.attempted, "found version {found}, knew {known:?}");
    Ok(found)
}

/// An upload whose parts were acknowledged when the store was killed.
struct Interrupted {
    version: u64,
    id: String,
    parts: Vec<aws_sdk_s3::types::CompletedPart>,
}

/// Completes upload after upload until the store is gone.
async fn complete(
    mut known: Known,
    target: S3Target,
    about_to_complete: Arc<Notify>,
) -> (Known, Option<Interrupted>) {
    loop {
        let version = known.attempted.max(known.acknowledged) + 1;
        known.attempted = version;
        let Ok(upload) = Upload::open(&target, "multipart", ChecksumAlgorithm::Crc64Nvme).await else {
            return (known, None);
        };
        let mut parts = Vec::new();
        for (number, bytes) in (1..).zip(&multipart_content(version)) {
            match upload.send(number, bytes).await {
                Ok(part) => parts.push(part),
                Err(_) => return (known, None),
            }
        }
        about_to_complete.notify_one();
        if upload.complete(parts.clone()).send().await.is_err() {
            return (known, Some(Interrupted { version, id: upload.id, parts }));
        }
        known.acknowledged = version;
    }
}

async fn check_multipart(target: &S3Target, known: Known, interrupted: Option<Interrupted>) -> Result<u64> {
    let found = match read_if_there(target, "multipart").await? {
        None => 0,
        Some(bytes) => {
            ensure!(bytes.len() > PART_BYTES, "a part is missing");
            let version = version_of(&bytes.slice(PART_BYTES..))?;
            ensure!(bytes == multipart_content(version).concat(), "a mixture of uploads");
            version
        }
    };
    ensure!(found == known.acknowledged || found == known.attempted, "found version {found}, knew {known:?}");
    let Some(Interrupted { version, id, parts }) = interrupted else { return Ok(found) };
    let key = "multipart".to_owned();
    let upload = Upload { client: target.client(), target, key, id, algorithm: ChecksumAlgorithm::Crc64Nvme };
    upload.complete(parts).send().await.context("acknowledged parts cannot be completed after the kill")?;
    let whole = read(&upload.client, target, "multipart").await?;
    ensure!(whole == multipart_content(version).concat(), "the completed upload reads differently");
    Ok(version)
}

/// After clean-up the bodies on disk are those of the objects, no more and no fewer.
async fn nothing_is_left_behind(folder: &Path) -> Result<()> {
    let store = EmbeddedStore::open(store_config(folder.to_owned())).await?;
    store.remove_stale_uploads(Duration::ZERO).await?;
    store.remove_orphaned_bodies().await?;
    drop(store);
    let process = StoreProcess::start(env!("CARGO_BIN_EXE_store-process"), folder)?;
    let (target, client) = (process.target(), process.target().client());
    let mut bodies = 0;
    for object in client.list_objects_v2().bucket(&target.bucket).send().await?.contents() {
        let key = object.key().context("no key")?;
        let bytes = read(&client, target, key).await?;
        ensure!(object.size() == Some(bytes.len() as i64), "{key} lost bytes to the clean-up");
        bodies += if key == "multipart" { 2 } else { 1 };
    }
    let mut on_disk = 0;
    for shard in std::fs::read_dir(folder.join("blobs"))? {
        on_disk += std::fs::read_dir(shard?.path())?.count();
    }
    ensure!(on_disk == bodies, "{on_disk} bodies on disk, {bodies} in objects");
    Ok(())
}

//! What only the embedded store has: its files, its callback, its clean-up, its CORS.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_s3::types::ChecksumAlgorithm;
use bytes::Bytes;
use tokio::sync::mpsc;
use windlass_embedded_store::{CreatedBy, EmbeddedStore, OpenError, RemovedBodies, RemovedUploads};
use windlass_s3_suite::sample::noise;
use windlass_s3_suite::sending::{Sending, for_minutes, long_expired};
use windlass_s3_suite::upload::{PART_BYTES, Upload, read, store};
use windlass_s3_suite::{EmbeddedServer, StoreProcess, store_config};

fn bodies(root: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for shard in std::fs::read_dir(root.join("blobs"))? {
        for file in std::fs::read_dir(shard?.path())? {
            names.insert(file?.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

#[tokio::test]
async fn completing_moves_no_bytes() -> Result<()> {
    let server = EmbeddedServer::start().await?;
    let upload = Upload::open(server.target(), "photo.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let first = upload.send(1, &noise(1, PART_BYTES)).await?;
    let unlisted = upload.send(2, &noise(2, PART_BYTES)).await?;
    let last = upload.send(3, &noise(3, 10)).await?;
    let before = bodies(server.root())?;
    ensure!(before.len() == 3, "{before:?}");
    upload.complete(vec![first, last]).send().await?;
    let after = bodies(server.root())?;
    ensure!(after.is_subset(&before), "a part was written anew: {before:?} {after:?}");
    ensure!(after.len() == 2, "the part that was not listed ({unlisted:?}) is still there: {after:?}");
    Ok(())
}

#[tokio::test]
async fn each_stored_object_is_told_once() -> Result<()> {
    let server = EmbeddedServer::start().await?;
    let (tell, mut told) = mpsc::unbounded_channel();
    server.store().on_object_created(move |object| drop(tell.send(object)));
    let (target, client) = (server.target(), server.target().client());

    let etag = store(&client, target, "put.jpg", &noise(4, 100)).await?;
    let source = format!("{}/put.jpg", target.bucket);
    client.copy_object().bucket(&target.bucket).key("copy.jpg").copy_source(source).send().await?;
    let upload = Upload::open(target, "multipart.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let part = upload.send(1, &noise(5, 200)).await?;
    upload.complete(vec![part.clone()]).send().await?;
    upload.complete(vec![part]).send().await?;
    let refused = client.put_object().bucket(&target.bucket).key("put.jpg").if_none_match("*");
    ensure!(refused.body(noise(6, 10).into()).send().await.is_err(), "the object is there");

    let mut events = Vec::new();
    while let Ok(event) = told.try_recv() {
        events.push((event.key, event.size_bytes, event.created_by, event.etag));
    }
    let summary: Vec<_> = events.iter().map(|(key, size, by, _)| (key.as_str(), *size, *by)).collect();
    ensure!(
        summary
            == [
                ("put.jpg", 100, CreatedBy::Put),
                ("copy.jpg", 100, CreatedBy::Copy),
                ("multipart.jpg", 200, CreatedBy::CompleteMultipartUpload),
            ],
        "{summary:?}"
    );
    ensure!(format!("\"{}\"", events.first().context("none")?.3) == etag, "{events:?} {etag}");
    Ok(())
}

#[tokio::test]
async fn stale_uploads_and_orphaned_bodies_are_cleaned_up() -> Result<()> {
    let server = EmbeddedServer::start().await?;
    let (target, client) = (server.target(), server.target().client());
    store(&client, target, "kept.jpg", &noise(7, 100)).await?;
    let upload = Upload::open(target, "stale.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    upload.send(1, &noise(8, 300)).await?;
    // What a crash between writing a body and referring to it leaves.
    let orphan = server.root().join("blobs/00/00000000000000000000000000000000");
    std::fs::create_dir_all(orphan.parent().context("no folder")?)?;
    std::fs::write(&orphan, b"orphan")?;

    let fresh = server.store().remove_stale_uploads(Duration::from_secs(3600)).await?;
    ensure!(fresh == RemovedUploads::default(), "a fresh upload was removed: {fresh:?}");
    let removed = server.store().remove_orphaned_bodies().await?;
    ensure!(removed == RemovedBodies { bodies: 1 }, "{removed:?}");
    ensure!(!orphan.exists(), "the orphan is still there");
    ensure!(bodies(server.root())?.len() == 2, "an object's body or a part was removed");

    let stale = server.store().remove_stale_uploads(Duration::ZERO).await?;
    ensure!(stale == RemovedUploads { uploads: 1, size_bytes: 300 }, "{stale:?}");
    ensure!(bodies(server.root())?.len() == 1, "the part is still there");
    ensure!(read(&client, target, "kept.jpg").await? == noise(7, 100), "the object was harmed");
    Ok(())
}

#[tokio::test]
async fn an_object_replaced_while_it_is_read_is_read_to_its_end() -> Result<()> {
    let server = EmbeddedServer::start().await?;
    let (target, client) = (server.target(), server.target().client());
    // More than sockets and buffers hold, in two parts: the second is opened after the deletion.
    let upload = Upload::open(target, "photo.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let bytes = [noise(9, 4 * PART_BYTES), noise(10, PART_BYTES)];
    let parts = vec![upload.send(1, &bytes[0]).await?, upload.send(2, &bytes[1]).await?];
    upload.complete(parts).send().await?;

    let mut body = client.get_object().bucket(&target.bucket).key("photo.jpg").send().await?.body;
    let mut got = body.next().await.context("no first chunk")??.to_vec();
    store(&client, target, "photo.jpg", &noise(11, 100)).await?;
    client.delete_object().bucket(&target.bucket).key("photo.jpg").send().await?;
    let swept = server.store().remove_orphaned_bodies().await?;
    ensure!(swept == RemovedBodies::default(), "the sweep took what is being read: {swept:?}");
    while let Some(chunk) = body.next().await {
        got.extend_from_slice(&chunk?);
    }
    ensure!(got == bytes.concat(), "the reader got other bytes");
    drop(body);

    let gone = async {
        while !bodies(server.root())?.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok::<_, anyhow::Error>(())
    };
    tokio::time::timeout(Duration::from_secs(5), gone).await.context("the last reader left the files")?
}

#[tokio::test]
async fn a_page_of_any_origin_may_send_parts_and_read_etags() -> Result<()> {
    let server = EmbeddedServer::start().await?;
    let client = server.target().client();
    let (target, bytes) = (server.target(), noise(12, 100));
    let signed =
        client.put_object().bucket(&target.bucket).key("photo.jpg").presigned(for_minutes(15)?).await?;
    let sending =
        || Sending::of(&signed, &bytes).map(|sending| sending.header("origin", "https://photos.example"));

    let preflight = Sending { method: reqwest::Method::OPTIONS, ..sending()? }
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "content-type,x-amz-checksum-crc32c")
        .accepted()
        .await?;
    let allowed = |response: &reqwest::Response, name: &str| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_lowercase()
    };
    ensure!(allowed(&preflight, "access-control-allow-origin") == "*", "{preflight:?}");
    ensure!(
        allowed(&preflight, "access-control-allow-headers").contains("x-amz-checksum-crc32c"),
        "{preflight:?}"
    );

    let put = sending()?.accepted().await?;
    let exposed = allowed(&put, "access-control-expose-headers");
    for name in
        ["etag", "retry-after", "x-amz-checksum-crc64nvme", "x-amz-checksum-sha256", "x-amz-request-id"]
    {
        ensure!(exposed.contains(name), "{name} is not exposed: {exposed}");
    }
    ensure!(put.headers().contains_key("x-amz-request-id"), "{put:?}");
    // A page must be able to read why it was refused, too.
    let altered = signed.uri().replace("X-Amz-Expires=900", "X-Amz-Expires=901");
    let refused = Sending { url: altered, ..sending()? }.send().await?;
    ensure!(
        refused.status() == 403 && allowed(&refused, "access-control-allow-origin") == "*",
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_large_refused_put_gets_its_answer() -> Result<()> {
    let server = EmbeddedServer::start().await?;
    let (target, client) = (server.target(), server.target().client());
    let expired =
        client.put_object().bucket(&target.bucket).key("photo.jpg").presigned(long_expired()?).await?;
    let bytes: Bytes = noise(13, 16 * 1024 * 1024);
    for _ in 0..5 {
        let refused = Sending::of(&expired, &bytes)?.refused().await?;
        ensure!(refused.status == 403 && refused.code == "AccessDenied", "{refused:?}");
    }
    ensure!(bodies(server.root())?.is_empty(), "a refused body was kept");
    Ok(())
}

#[tokio::test]
async fn a_body_broken_off_leaves_nothing() -> Result<()> {
    let server = EmbeddedServer::start().await?;
    let (target, client) = (server.target(), server.target().client());
    let signed =
        client.put_object().bucket(&target.bucket).key("photo.jpg").presigned(for_minutes(15)?).await?;
    let half =
        futures::stream::iter([Ok(noise(14, 100_000)), Err(std::io::Error::other("the phone went away"))]);
    let put =
        reqwest::Client::builder().no_proxy().build()?.put(signed.uri()).header("content-length", 200_000);
    ensure!(put.body(reqwest::Body::wrap_stream(half)).send().await.is_err(), "half a body was answered");
    let gone = async {
        while !bodies(server.root())?.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok::<_, anyhow::Error>(())
    };
    tokio::time::timeout(Duration::from_secs(5), gone).await.context("half a body was kept")??;
    ensure!(read(&client, target, "photo.jpg").await.is_err(), "half a body became an object");
    Ok(())
}

#[tokio::test]
async fn sigv2_is_refused() -> Result<()> {
    let server = EmbeddedServer::start().await?;
    store(&server.target().client(), server.target(), "photo.jpg", &noise(15, 10)).await?;
    let query = "AWSAccessKeyId=AKIDWINDLASSSUITE&Expires=4102444800&Signature=c2lnbmF0dXJl";
    let url = format!("{}?{query}", server.target().object_url("photo.jpg"));
    let refused =
        Sending { method: reqwest::Method::GET, url, headers: vec![], body: Bytes::new() }.refused().await?;
    ensure!(refused.status == 400 && refused.code == "InvalidRequest", "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn objects_and_uploads_survive_a_restart() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let start = || StoreProcess::start(env!("CARGO_BIN_EXE_store-process"), folder.path());
    let process = start()?;
    let client = process.target().client();
    store(&client, process.target(), "photo.jpg", &noise(16, 5_000)).await?;
    let upload = Upload::open(process.target(), "multipart.jpg", ChecksumAlgorithm::Sha256).await?;
    let (id, part) = (upload.id.clone(), upload.send(1, &noise(17, 6_000)).await?);
    drop(process);

    let process = start()?;
    let (client, target) = (process.target().client(), process.target());
    ensure!(read(&client, target, "photo.jpg").await? == noise(16, 5_000), "other bytes after a restart");
    let key = "multipart.jpg".to_owned();
    let upload = Upload { client, target, key, id, algorithm: ChecksumAlgorithm::Sha256 };
    upload.complete(vec![part]).send().await?;
    ensure!(read(&upload.client, target, "multipart.jpg").await? == noise(17, 6_000), "other bytes");
    Ok(())
}

#[tokio::test]
async fn a_folder_is_opened_once_and_for_its_own_bucket() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let first = EmbeddedStore::open(store_config(folder.path().to_owned())).await?;
    let second = EmbeddedStore::open(store_config(folder.path().to_owned())).await;
    ensure!(matches!(second, Err(OpenError::InUse(_))), "two stores over one folder");
    drop(first);
    let mut other = store_config(folder.path().to_owned());
    other.bucket = "another-bucket".into();
    let other = EmbeddedStore::open(other).await;
    ensure!(matches!(other, Err(OpenError::OtherBucket { .. })), "another bucket in the same folder");
    EmbeddedStore::open(store_config(folder.path().to_owned())).await?;

    let mut unnamed = store_config(folder.path().to_owned());
    unnamed.bucket = "Not A Bucket".into();
    ensure!(
        matches!(EmbeddedStore::open(unnamed).await, Err(OpenError::InvalidBucketName(_))),
        "no bucket name"
    );
    Ok(())
}

#[tokio::test]
async fn a_chunked_body_cannot_dodge_the_signed_length() -> Result<()> {
    let server = EmbeddedServer::start().await?;
    let (target, client) = (server.target(), server.target().client());
    let put = client.put_object().bucket(&target.bucket).key("photo.jpg").content_length(100);
    let signed = put.presigned(for_minutes(15)?).await?;
    let chunks = futures::stream::iter([Ok::<_, std::io::Error>(noise(18, 100_000))]);
    let chunked = reqwest::Client::builder().no_proxy().build()?.put(signed.uri());
    let answer = chunked.body(reqwest::Body::wrap_stream(chunks)).send().await?;
    ensure!(answer.status() == 403, "{}: {}", answer.status(), answer.text().await?);
    ensure!(bodies(server.root())?.is_empty(), "a body of any length was kept");
    Ok(())
}

#[tokio::test]
async fn racing_completes_make_one_object_and_get_one_answer() -> Result<()> {
    let server = EmbeddedServer::start().await?;
    let (tell, mut told) = mpsc::unbounded_channel();
    server.store().on_object_created(move |object| drop(tell.send(object.etag)));
    let upload = Upload::open(server.target(), "photo.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let part = upload.send(1, &noise(19, 1_000)).await?;
    let racers = (0..20).map(|_| upload.complete(vec![part.clone()]).send());
    let mut answers = BTreeSet::new();
    for answer in futures::future::join_all(racers).await {
        answers.insert(answer?.e_tag.context("no ETag")?);
    }
    ensure!(answers.len() == 1, "{answers:?}");
    ensure!(told.try_recv().is_ok() && told.try_recv().is_err(), "the object was not told of exactly once");
    ensure!(read(&upload.client, server.target(), "photo.jpg").await? == noise(19, 1_000), "other bytes");
    Ok(())
}

#[tokio::test]
async fn a_completed_upload_that_could_not_be_closed_takes_nothing_from_its_object() -> Result<()> {
    let server = EmbeddedServer::start().await?;
    let upload = Upload::open(server.target(), "photo.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let parts = [upload.send(1, &noise(40, PART_BYTES)).await?, upload.send(2, &noise(41, 1_000)).await?];
    // Its folder comes back, as if it had not been closed.
    let folder = server.root().join("uploads").join(&upload.id);
    let mut records = Vec::new();
    for file in std::fs::read_dir(&folder)? {
        let path = file?.path();
        records.push((path.clone(), std::fs::read(path)?));
    }
    let completed = upload.complete(parts.to_vec()).send().await?;
    std::fs::create_dir(&folder)?;
    for (path, record) in records {
        std::fs::write(path, record)?;
    }

    let late = upload.send(1, &noise(42, PART_BYTES)).await;
    ensure!(late.is_err(), "a late part was taken");
    let other = upload.complete(parts[..1].to_vec()).send().await;
    ensure!(other.is_err(), "it was completed of other parts");
    ensure!(!folder.exists(), "the upload is still open");
    let again = upload.complete(parts.to_vec()).send().await?;
    ensure!(again.e_tag == completed.e_tag, "{again:?} {completed:?}");
    let stored = read(&upload.client, server.target(), "photo.jpg").await?;
    ensure!(stored == [noise(40, PART_BYTES), noise(41, 1_000)].concat(), "the object lost bytes");
    ensure!(bodies(server.root())?.len() == 2, "the late part was kept");
    Ok(())
}

#[tokio::test]
async fn complete_and_abort_agree_who_won() -> Result<()> {
    let server = EmbeddedServer::start().await?;
    for round in 0..10 {
        let key = format!("raced/{round}.jpg");
        let upload = Upload::open(server.target(), &key, ChecksumAlgorithm::Crc64Nvme).await?;
        let bytes = noise(20 + round, 1_000);
        let part = upload.send(1, &bytes).await?;
        let abort = upload.client.abort_multipart_upload().bucket(&server.target().bucket).key(&key);
        let abort = abort.upload_id(&upload.id).send();
        let (completed, aborted) = tokio::join!(upload.complete(vec![part]).send(), abort);
        let found = read(&upload.client, server.target(), &key).await.ok();
        ensure!(completed.is_ok() != aborted.is_ok(), "round {round}: {completed:?} and {aborted:?}");
        ensure!(completed.is_ok() == found.is_some(), "round {round}: {completed:?}, but {found:?}");
        ensure!(found.is_none_or(|found| found == bytes), "round {round}: other bytes");
    }
    Ok(())
}

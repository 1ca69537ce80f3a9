//! Whole objects: put, get, head, copy, delete.

use anyhow::{Context as _, Result, ensure};
use aws_sdk_s3::types::{ChecksumAlgorithm, Delete, MetadataDirective, ObjectAttributes, ObjectIdentifier};

use crate::refusal::{Refusal, refusal};
use crate::sample::{checksum, noise};
use crate::target::S3Target;
use crate::upload::{PART_BYTES, Upload, read, store};

/// PUT, then GET and HEAD: the bytes, their length and type, the user's metadata, a quoted ETag.
pub async fn stored_object_reads_back_with_its_headers(target: &S3Target) -> Result<()> {
    let client = target.client();
    let (key, bytes) = ("stored_object/photo.jpg", noise(1, 100_000));
    let stored = client
        .put_object()
        .bucket(&target.bucket)
        .key(key)
        .content_type("image/jpeg")
        .cache_control("private, max-age=60")
        .content_disposition("attachment; filename=\"photo.jpg\"")
        .metadata("photo-id", "0199")
        .body(bytes.clone().into())
        .send()
        .await?;
    let etag = stored.e_tag.context("no ETag on PUT")?;
    ensure!(etag.len() == 34 && etag.starts_with('"') && etag.ends_with('"'), "not a quoted MD5: {etag}");

    let got = client.get_object().bucket(&target.bucket).key(key).send().await?;
    ensure!(got.content_type() == Some("image/jpeg"), "{:?}", got.content_type());
    ensure!(got.cache_control() == Some("private, max-age=60"), "{:?}", got.cache_control());
    ensure!(
        got.content_disposition() == Some("attachment; filename=\"photo.jpg\""),
        "{:?}",
        got.content_disposition()
    );
    ensure!(got.e_tag() == Some(&etag), "{:?} is not {etag}", got.e_tag());
    ensure!(got.body.collect().await?.into_bytes() == bytes, "other bytes came back");

    let head = client.head_object().bucket(&target.bucket).key(key).send().await?;
    ensure!(head.content_length() == Some(100_000), "{:?}", head.content_length());
    ensure!(
        head.metadata().and_then(|all| all.get("photo-id")).is_some_and(|id| id == "0199"),
        "{:?}",
        head.metadata()
    );
    ensure!(head.last_modified().is_some(), "no Last-Modified");
    Ok(())
}

/// The second object is there with its own headers only; nothing of the first is left.
pub async fn a_second_put_replaces_the_whole_object(target: &S3Target) -> Result<()> {
    let client = target.client();
    let key = "second_put/photo.jpg";
    client
        .put_object()
        .bucket(&target.bucket)
        .key(key)
        .metadata("only", "first")
        .body(noise(2, 50_000).into())
        .send()
        .await?;
    let shorter = noise(3, 1_000);
    store(&client, target, key, &shorter).await?;
    ensure!(read(&client, target, key).await? == shorter, "not the second object");
    let head = client.head_object().bucket(&target.bucket).key(key).send().await?;
    ensure!(
        head.metadata().is_none_or(|all| !all.contains_key("only")),
        "metadata of the first: {:?}",
        head.metadata()
    );
    Ok(())
}

/// First, middle, open and last bytes; over the end; and 416 beyond it.
pub async fn ranges_are_cut_as_asked(target: &S3Target) -> Result<()> {
    let client = target.client();
    let (key, bytes) = ("ranges/photo.jpg", noise(4, 10_000));
    store(&client, target, key, &bytes).await?;
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=9000-", 9_000, 10_000),
        ("bytes=-500", 9_500, 10_000),
        ("bytes=9990-20000", 9_990, 10_000),
    ] {
        let got = client.get_object().bucket(&target.bucket).key(key).range(range).send().await?;
        let expected = format!("bytes {from}-{}/10000", to - 1);
        ensure!(got.content_range() == Some(&expected), "{range}: {:?}", got.content_range());
        ensure!(got.body.collect().await?.into_bytes() == bytes.slice(from..to), "{range}: other bytes");
    }
    let beyond = client.get_object().bucket(&target.bucket).key(key).range("bytes=10000-").send().await;
    let refused = refusal(beyond)?;
    ensure!(refused.status == 416, "{refused:?}");
    Ok(())
}

/// 304 when the client has it already, 412 when it is not the one it means.
pub async fn reads_can_be_conditional(target: &S3Target) -> Result<()> {
    let client = target.client();
    let key = "conditional/photo.jpg";
    let etag = store(&client, target, key, &noise(5, 1_000)).await?;
    let get = || client.get_object().bucket(&target.bucket).key(key);
    ensure!(get().if_match(&etag).send().await.is_ok(), "If-Match with the right ETag");
    let unchanged = refusal(get().if_none_match(&etag).send().await)?;
    ensure!(unchanged.status == 304, "{unchanged:?}");
    let other = refusal(get().if_match("\"00000000000000000000000000000000\"").send().await)?;
    ensure!(other.status == 412, "{other:?}");
    Ok(())
}

/// `NoSuchKey` for GET, a bare 404 for HEAD, and DELETE is idempotent.
pub async fn a_missing_object_is_404_and_deleting_it_is_fine(target: &S3Target) -> Result<()> {
    let client = target.client();
    let key = "missing/photo.jpg";
    let expected = Refusal { status: 404, code: "NoSuchKey".into() };
    let missing = refusal(client.get_object().bucket(&target.bucket).key(key).send().await)?;
    ensure!(missing == expected, "{missing:?}");
    let head = refusal(client.head_object().bucket(&target.bucket).key(key).send().await)?;
    ensure!(head.status == 404, "{head:?}");
    client.delete_object().bucket(&target.bucket).key(key).send().await?;

    store(&client, target, key, &noise(6, 10)).await?;
    client.delete_object().bucket(&target.bucket).key(key).send().await?;
    let deleted = refusal(client.get_object().bucket(&target.bucket).key(key).send().await)?;
    ensure!(deleted == expected, "{deleted:?}");
    Ok(())
}

/// `DeleteObjects`: those that are there and one that is not.
pub async fn many_objects_are_deleted_at_once(target: &S3Target) -> Result<()> {
    let client = target.client();
    let keys = ["delete_many/a", "delete_many/b", "delete_many/never"];
    for key in keys.iter().take(2) {
        store(&client, target, key, &noise(7, 10)).await?;
    }
    let objects = keys.iter().map(|key| ObjectIdentifier::builder().key(*key).build());
    let delete = Delete::builder().set_objects(Some(objects.collect::<Result<_, _>>()?)).build()?;
    let answer = client.delete_objects().bucket(&target.bucket).delete(delete).send().await?;
    ensure!(answer.errors().is_empty(), "{:?}", answer.errors());
    let left = client.list_objects_v2().bucket(&target.bucket).prefix("delete_many/").send().await?;
    ensure!(left.contents().is_empty(), "{:?}", left.contents());
    Ok(())
}

/// A copy has the bytes and, as asked, the headers of its source or new ones, and outlives it.
pub async fn a_copy_is_an_object_of_its_own(target: &S3Target) -> Result<()> {
    let client = target.client();
    let (key, bytes) = ("copy/source.jpg", noise(8, 20_000));
    let put = client.put_object().bucket(&target.bucket).key(key).content_type("image/jpeg");
    put.metadata("colour", "red").body(bytes.clone().into()).send().await?;
    let source = format!("{}/{key}", target.bucket);
    client.copy_object().bucket(&target.bucket).key("copy/same.jpg").copy_source(&source).send().await?;
    client
        .copy_object()
        .bucket(&target.bucket)
        .key("copy/other.png")
        .copy_source(&source)
        .metadata_directive(MetadataDirective::Replace)
        .content_type("image/png")
        .send()
        .await?;
    client.delete_object().bucket(&target.bucket).key(key).send().await?;

    for (copy, content_type, colour) in
        [("copy/same.jpg", "image/jpeg", Some("red")), ("copy/other.png", "image/png", None)]
    {
        ensure!(read(&client, target, copy).await? == bytes, "{copy}: other bytes");
        let head = client.head_object().bucket(&target.bucket).key(copy).send().await?;
        ensure!(head.content_type() == Some(content_type), "{copy}: {:?}", head.content_type());
        let found = head.metadata().and_then(|all| all.get("colour")).map(String::as_str);
        ensure!(found == colour, "{copy}: {found:?}");
    }
    Ok(())
}

/// Keys that a file system or a URL parser would mix up are different objects.
pub async fn odd_keys_are_kept_apart(target: &S3Target) -> Result<()> {
    let client = target.client();
    let keys = [
        "odd/a b.jpg",
        "odd/a+b.jpg",
        "odd/a%20b.jpg",
        "odd/a%2Fb.jpg",
        "odd/a/b.jpg",
        "odd/a//b.jpg",
        "odd/ünïcödé 写真 🏗.jpg",
        "odd/quote'\"&<>.jpg",
        "odd/..hidden",
        "odd/ends with slash/",
        "odd/A/B.JPG",
    ];
    for (seed, key) in (100..).zip(keys) {
        store(&client, target, key, &noise(seed, 64)).await.with_context(|| key.to_owned())?;
    }
    for (seed, key) in (100..).zip(keys) {
        ensure!(
            read(&client, target, key).await.context(key)? == noise(seed, 64),
            "{key} was mixed up with another"
        );
    }
    let listed = client.list_objects_v2().bucket(&target.bucket).prefix("odd/").send().await?;
    let mut listed: Vec<&str> = listed.contents().iter().filter_map(|object| object.key()).collect();
    listed.sort_unstable();
    let mut expected = keys.to_vec();
    expected.sort_unstable();
    ensure!(listed == expected, "{listed:?}");
    Ok(())
}

/// `If-None-Match: *`: the first write takes place, the second is told 412 and changes nothing.
pub async fn a_put_can_ask_that_nothing_be_there(target: &S3Target) -> Result<()> {
    if !target.capabilities.conditional_writes {
        return Ok(());
    }
    let client = target.client();
    let (key, first) = ("if_none_match/photo.jpg", noise(9, 1_000));
    let put = |bytes: bytes::Bytes| {
        client.put_object().bucket(&target.bucket).key(key).if_none_match("*").body(bytes.into()).send()
    };
    put(first.clone()).await?;
    let second = refusal(put(noise(10, 1_000)).await)?;
    ensure!(second == Refusal { status: 412, code: "PreconditionFailed".into() }, "{second:?}");
    ensure!(read(&client, target, key).await? == first, "the refused write changed the object");

    let racers = (0..8u64).map(|seed| {
        let put =
            client.put_object().bucket(&target.bucket).key("if_none_match/raced.jpg").if_none_match("*");
        let put = put.body(noise(200 + seed, 10_000).into()).send();
        tokio::spawn(async move { put.await.is_ok() })
    });
    let mut winners = 0;
    for racer in racers.collect::<Vec<_>>() {
        winners += usize::from(racer.await?);
    }
    ensure!(winners == 1, "{winners} of 8 racers were told that nothing was there");
    Ok(())
}

/// `GetObjectAttributes`: what verification asks for, in one request.
pub async fn attributes_tell_size_checksum_and_parts(target: &S3Target) -> Result<()> {
    if !target.capabilities.object_attributes {
        return Ok(());
    }
    let (first, second) = (noise(11, PART_BYTES), noise(12, 1_000));
    let upload = Upload::open(target, "attributes/photo.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let parts = vec![upload.send(1, &first).await?, upload.send(2, &second).await?];
    upload.complete(parts).send().await?;
    let attributes = upload
        .client
        .get_object_attributes()
        .bucket(&target.bucket)
        .key(&upload.key)
        .object_attributes(ObjectAttributes::ObjectSize)
        .object_attributes(ObjectAttributes::Checksum)
        .object_attributes(ObjectAttributes::ObjectParts)
        .send()
        .await?;
    let whole = [first, second].concat();
    ensure!(attributes.object_size() == Some(whole.len() as i64), "{:?}", attributes.object_size());
    let told = attributes.checksum().and_then(|sum| sum.checksum_crc64_nvme());
    ensure!(told == Some(&checksum(&ChecksumAlgorithm::Crc64Nvme, &whole)), "{told:?}");
    let parts = attributes.object_parts().context("no parts")?;
    let sizes: Vec<_> = parts.parts().iter().filter_map(|part| part.size()).collect();
    ensure!(sizes == [PART_BYTES as i64, 1_000], "{sizes:?}");
    Ok(())
}

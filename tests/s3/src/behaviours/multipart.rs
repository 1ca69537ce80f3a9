//! Multipart uploads up to their completion: parts, their listing, abort.

use anyhow::{Context as _, Result, ensure};
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedPart};
use bytes::Bytes;

use crate::refusal::refusal;
use crate::sample::{checksum, noise, wrong_checksum};
use crate::target::S3Target;
use crate::upload::{PART_BYTES, Upload, read, store};

/// Sent 3, 1, 2; read 1, 2, 3; the ETag is the MD5 of MD5s with the number of parts.
pub async fn parts_in_any_order_make_the_object(target: &S3Target) -> Result<()> {
    let upload = Upload::open(target, "any_order/photo.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let bytes = [noise(50, PART_BYTES), noise(51, PART_BYTES), noise(52, 1_234)];
    let mut parts = Vec::new();
    for (number, bytes) in [(3, &bytes[2]), (1, &bytes[0]), (2, &bytes[1])] {
        parts.push(upload.send(number, bytes).await?);
    }
    parts.sort_by_key(CompletedPart::part_number);
    let completed = upload.complete(parts).send().await?;
    let etag = completed.e_tag().context("no ETag on Complete")?;
    ensure!(etag.ends_with("-3\""), "{etag}");

    ensure!(read(&upload.client, target, &upload.key).await? == bytes.concat(), "other bytes");
    let head = upload.client.head_object().bucket(&target.bucket).key(&upload.key).send().await?;
    ensure!(head.content_type() == Some("image/jpeg"), "{:?}", head.content_type());
    ensure!(head.e_tag() == Some(etag), "{:?}", head.e_tag());
    let seam = (PART_BYTES - 10, PART_BYTES + 10);
    let range = format!("bytes={}-{}", seam.0, seam.1 - 1);
    let got = upload.client.get_object().bucket(&target.bucket).key(&upload.key).range(range).send().await?;
    let across = got.body.collect().await?.into_bytes();
    ensure!(across == bytes.concat().get(seam.0..seam.1).context("seam")?, "other bytes across a seam");
    Ok(())
}

/// What a resumed upload relies on.
pub async fn listed_parts_have_etag_size_and_checksum(target: &S3Target) -> Result<()> {
    let upload = Upload::open(target, "listed_parts/photo.jpg", ChecksumAlgorithm::Sha256).await?;
    let bytes = noise(53, 2_000);
    let sent = upload.send(7, &bytes).await?;
    let listed = upload
        .client
        .list_parts()
        .bucket(&target.bucket)
        .key(&upload.key)
        .upload_id(&upload.id)
        .send()
        .await?;
    let [part] = listed.parts() else { anyhow::bail!("{:?}", listed.parts()) };
    ensure!(part.part_number() == Some(7), "{part:?}");
    ensure!(part.size() == Some(2_000), "{part:?}");
    ensure!(part.e_tag() == sent.e_tag(), "{part:?} is not {sent:?}");
    ensure!(part.checksum_sha256() == Some(&checksum(&ChecksumAlgorithm::Sha256, &bytes)), "{part:?}");
    ensure!(listed.is_truncated() == Some(false), "{listed:?}");
    Ok(())
}

/// A client that reads only the first page would send known parts again.
pub async fn parts_are_listed_in_pages(target: &S3Target) -> Result<()> {
    let upload = Upload::open(target, "part_pages/photo.jpg", ChecksumAlgorithm::Crc32C).await?;
    let wanted = [1, 2, 3, 5, 8, 10_000];
    for number in wanted {
        upload.send(number, &noise(54, 100)).await?;
    }
    let (mut found, mut marker, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = upload.client.list_parts().bucket(&target.bucket).key(&upload.key).upload_id(&upload.id);
        let page = page.max_parts(4).set_part_number_marker(marker).send().await?;
        found.extend(page.parts().iter().filter_map(|part| part.part_number()));
        pages += 1;
        if page.is_truncated() != Some(true) {
            break;
        }
        marker = page.next_part_number_marker;
        ensure!(pages < 10, "the listing does not end");
    }
    ensure!(found == wanted, "{found:?}");
    ensure!(pages == 2, "{pages} pages");
    Ok(())
}

/// After a lost answer a part is sent again: the last one counts, once.
pub async fn a_part_sent_again_takes_the_place_of_the_first(target: &S3Target) -> Result<()> {
    let upload = Upload::open(target, "sent_again/photo.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let first = upload.send(1, &noise(55, 500)).await?;
    let second = upload.send(1, &noise(56, 700)).await?;
    let outdated = refusal(upload.complete(vec![first]).send().await)?;
    ensure!(outdated.code == "InvalidPart", "{outdated:?}");
    upload.complete(vec![second]).send().await?;
    ensure!(read(&upload.client, target, &upload.key).await? == noise(56, 700), "not the part sent last");
    Ok(())
}

/// A byte flipped on the way: the part is refused, and does not stand in for a good one.
pub async fn a_corrupt_part_is_refused(target: &S3Target) -> Result<()> {
    let upload = Upload::open(target, "corrupt_part/photo.jpg", ChecksumAlgorithm::Crc32C).await?;
    let part = upload.client.upload_part().bucket(&target.bucket).key(&upload.key).upload_id(&upload.id);
    let part = part.part_number(1).body(noise(57, 5_000).into());
    let refused = refusal(part.checksum_crc32_c(wrong_checksum(&ChecksumAlgorithm::Crc32C)).send().await)?;
    ensure!(refused.status == 400, "{refused:?}");
    let good = upload.send(1, &noise(58, 5_000)).await?;
    upload.complete(vec![good]).send().await?;
    ensure!(read(&upload.client, target, &upload.key).await? == noise(58, 5_000), "not the good part");

    if target.capabilities.part_checksum_required {
        let upload = Upload::open(target, "corrupt_part/bare.jpg", ChecksumAlgorithm::Sha256).await?;
        let bare = upload.client.upload_part().bucket(&target.bucket).key(&upload.key).upload_id(&upload.id);
        let refused = refusal(bare.part_number(1).body(noise(59, 10).into()).send().await)?;
        ensure!(refused.status == 400, "a part without the declared checksum: {refused:?}");
    }
    Ok(())
}

/// After abort there is nothing to list, to add to or to complete.
pub async fn an_aborted_upload_is_gone(target: &S3Target) -> Result<()> {
    let upload = Upload::open(target, "aborted/photo.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let part = upload.send(1, &noise(60, 1_000)).await?;
    let abort = upload.client.abort_multipart_upload().bucket(&target.bucket).key(&upload.key);
    abort.upload_id(&upload.id).send().await?;
    let completed = refusal(upload.complete(vec![part]).send().await)?;
    ensure!(completed.code == "NoSuchUpload", "{completed:?}");
    let list = upload.client.list_parts().bucket(&target.bucket).key(&upload.key).upload_id(&upload.id);
    let listed = refusal(list.send().await)?;
    ensure!(listed.status == 404, "{listed:?}");
    ensure!(upload.send(2, &noise(61, 1_000)).await.is_err(), "an aborted upload took a part");
    let head = refusal(upload.client.head_object().bucket(&target.bucket).key(&upload.key).send().await)?;
    ensure!(head.status == 404, "{head:?}");
    Ok(())
}

/// The id of one upload is of no use with another key.
pub async fn an_upload_belongs_to_its_key(target: &S3Target) -> Result<()> {
    let mine = Upload::open(target, "belongs/mine.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let part = mine.send(1, &noise(62, 1_000)).await?;
    let stolen =
        Upload { key: "belongs/other.jpg".into(), client: target.client(), id: mine.id.clone(), ..mine };
    ensure!(stolen.send(2, &noise(63, 1_000)).await.is_err(), "a part was taken in under another key");
    let completed = refusal(stolen.complete(vec![part.clone()]).send().await)?;
    ensure!(completed.code == "NoSuchUpload", "{completed:?}");
    let abort =
        stolen.client.abort_multipart_upload().bucket(&target.bucket).key(&stolen.key).upload_id(&stolen.id);
    let aborted = refusal(abort.send().await)?;
    ensure!(aborted.code == "NoSuchUpload", "{aborted:?}");

    let mine = Upload { key: "belongs/mine.jpg".into(), ..stolen };
    mine.complete(vec![part]).send().await?;
    ensure!(read(&mine.client, target, "belongs/mine.jpg").await? == noise(62, 1_000), "other bytes");
    Ok(())
}

/// What a janitor looks through.
pub async fn open_uploads_are_listed(target: &S3Target) -> Result<()> {
    let first = Upload::open(target, "open_uploads/a.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let second = Upload::open(target, "open_uploads/b.jpg", ChecksumAlgorithm::Crc64Nvme).await?;
    let list = || first.client.list_multipart_uploads().bucket(&target.bucket).prefix("open_uploads/");
    // By key on S3, by id on Garage: each of them once is what counts.
    let mut expected = [first.id.as_str(), second.id.as_str()];
    expected.sort_unstable();
    let listed = list().send().await?;
    let mut ids: Vec<_> = listed.uploads().iter().filter_map(|upload| upload.upload_id()).collect();
    ids.sort_unstable();
    ensure!(ids == expected, "{ids:?}");
    ensure!(listed.uploads().iter().all(|upload| upload.initiated().is_some()), "{:?}", listed.uploads());

    let page = list().max_uploads(1).send().await?;
    ensure!(page.is_truncated() == Some(true), "{page:?}");
    let rest = list()
        .set_key_marker(page.next_key_marker.clone())
        .set_upload_id_marker(page.next_upload_id_marker.clone());
    let rest = rest.send().await?;
    let pages = page.uploads().iter().chain(rest.uploads());
    let mut ids: Vec<_> = pages.filter_map(|upload| upload.upload_id()).collect();
    ids.sort_unstable();
    ensure!(ids == expected, "{ids:?}");
    Ok(())
}

/// Small pieces that were stored as objects become the parts of one.
pub async fn a_part_can_be_copied_from_an_object(target: &S3Target) -> Result<()> {
    let client = target.client();
    let source = noise(64, PART_BYTES + 100);
    store(&client, target, "part_copy/source.jpg", &source).await?;
    let opened =
        client.create_multipart_upload().bucket(&target.bucket).key("part_copy/whole.jpg").send().await?;
    let id = opened.upload_id.context("no upload id")?;
    let mut parts = Vec::new();
    for (number, range) in
        [(1, format!("bytes=0-{}", PART_BYTES - 1)), (2, format!("bytes={PART_BYTES}-{}", source.len() - 1))]
    {
        let copy = client.upload_part_copy().bucket(&target.bucket).key("part_copy/whole.jpg").upload_id(&id);
        let copy = copy.part_number(number).copy_source(format!("{}/part_copy/source.jpg", target.bucket));
        let copied = copy.copy_source_range(range).send().await?;
        let etag =
            copied.copy_part_result.and_then(|result| result.e_tag).context("no ETag of a copied part")?;
        parts.push(CompletedPart::builder().part_number(number).e_tag(etag).build());
    }
    let upload = Upload {
        client,
        target,
        key: "part_copy/whole.jpg".into(),
        id,
        algorithm: ChecksumAlgorithm::Crc64Nvme,
    };
    upload.complete(parts).send().await?;
    let whole: Bytes = read(&upload.client, target, &upload.key).await?;
    ensure!(whole == source, "other bytes");
    Ok(())
}

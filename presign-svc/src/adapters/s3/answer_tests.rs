//! What the adapter makes of a store's answers, the odd ones above all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;

use super::S3Store;
use super::answer_limit::MAX_ANSWER_BYTES;
use super::scripted_store::{ScriptedStore, xml};
use crate::domain::object_key::ObjectKey;
use crate::ports::object_store::{
    MultipartCompletion, MultipartId, ObjectStore as _, PartToJoin, StoreError, StoreResult,
};

const COMPLETED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CompleteMultipartUploadResult>\
    <Bucket>photos</Bucket><Key>k</Key><ETag>\"9b2cf535f27731c974343645a3985328-1\"</ETag>\
    </CompleteMultipartUploadResult>";
const INTERNAL_ERROR: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InternalError</Code>\
    <Message>We encountered an internal error. Please try again.</Message></Error>";
const SLOW_DOWN: &str = "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>";
const NO_SUCH_UPLOAD: &str = "<Error><Code>NoSuchUpload</Code><Message>It is gone.</Message></Error>";

fn key() -> ObjectKey {
    ObjectKey::try_from("acme/job/photo.jpg".to_owned()).unwrap()
}

async fn complete(store: &S3Store) -> StoreResult<()> {
    let parts = [PartToJoin {
        part_number: 1.try_into().unwrap(),
        etag: "\"9b2cf535f27731c974343645a3985328\"".into(),
        checksum: None,
    }];
    let (key, multipart) = (key(), MultipartId("an upload".into()));
    let completion = MultipartCompletion {
        key: &key,
        multipart: &multipart,
        parts: &parts,
        checksum: None,
        only_if_absent: true,
    };
    store.complete_multipart(&completion).await
}

fn head_of_an_object() -> Response {
    let head = Response::builder().header("content-length", 5).header("etag", "\"e\"");
    head.body(Body::from("12345")).unwrap()
}

#[tokio::test]
async fn f29_an_error_inside_a_200_is_no_success_and_is_tried_again() {
    let (script, store) = ScriptedStore::start(vec![xml(200, INTERNAL_ERROR), xml(200, COMPLETED)]).await;
    complete(&store).await.unwrap();
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn f29_an_error_inside_every_200_is_an_unavailable_store() {
    let (_script, store) = ScriptedStore::start((0..9).map(|_| xml(200, INTERNAL_ERROR)).collect()).await;
    assert!(matches!(complete(&store).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_refusal_inside_a_200_keeps_its_meaning() {
    let refusal = "<Error><Code>PreconditionFailed</Code><Message>It is there.</Message></Error>";
    let (_script, store) = ScriptedStore::start(vec![xml(200, refusal)]).await;
    assert!(matches!(complete(&store).await, Err(StoreError::Precondition)));
}

#[tokio::test]
async fn f29_a_200_that_ends_early_is_no_success() {
    let (_script, store) = ScriptedStore::start((0..9).map(|_| xml(200, "")).collect()).await;
    assert!(matches!(complete(&store).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn f30_spaces_that_keep_the_connection_alive_are_waited_through() {
    let (declaration, result) = COMPLETED.split_once('\n').unwrap();
    let pieces =
        [declaration, "  ", "\n   ", " ", result].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
    let slowly = futures::stream::iter(pieces).then(|piece| async {
        tokio::task::yield_now().await;
        piece
    });
    let (script, store) = ScriptedStore::start(vec![Response::new(Body::from_stream(slowly))]).await;
    complete(&store).await.unwrap();
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn f31_a_repeated_complete_that_finds_no_upload_says_so() {
    let (script, store) = ScriptedStore::start(vec![xml(500, ""), xml(404, NO_SUCH_UPLOAD)]).await;
    assert!(matches!(complete(&store).await, Err(StoreError::NoSuchUpload)));
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn a_busy_store_is_asked_again_after_a_while() {
    let (script, store) = ScriptedStore::start(vec![xml(503, SLOW_DOWN), head_of_an_object()]).await;
    assert_eq!(store.head(&key()).await.unwrap().size_bytes, 5);
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn a_store_that_stays_busy_is_not_asked_for_ever() {
    let (script, store) = ScriptedStore::start((0..99).map(|_| xml(503, SLOW_DOWN)).collect()).await;
    assert!(matches!(store.head(&key()).await, Err(StoreError::Unavailable(_))));
    assert_eq!(script.asked().len(), 4);
}

#[tokio::test]
async fn an_upload_that_is_gone_is_aborted_already() {
    let (_script, store) = ScriptedStore::start(vec![xml(404, NO_SUCH_UPLOAD)]).await;
    store.abort_multipart(&key(), &MultipartId("gone".into())).await.unwrap();
}

#[tokio::test]
async fn an_object_is_removed_by_the_word_of_the_store_and_not_by_a_404_in_its_place() {
    const NO_SUCH_KEY: &str = "<Error><Code>NoSuchKey</Code><Message>It is gone.</Message></Error>";
    const NOTHING: &str = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
    const LISTED: &str = "<ListBucketResult><IsTruncated>false</IsTruncated><Contents>\
        <Key>acme/job/photo.jpg</Key><LastModified>2026-11-21T12:00:00.000Z</LastModified><ETag>\"e\"</ETag>\
        <Size>5</Size></Contents></ListBucketResult>";
    let deleted = async |answers: Vec<Response>| {
        let (_script, store) = ScriptedStore::start(answers).await;
        store.delete(&key()).await
    };
    deleted(vec![xml(204, "")]).await.unwrap();
    deleted(vec![xml(404, NO_SUCH_KEY)]).await.unwrap();
    deleted(vec![xml(404, ""), xml(200, NOTHING)]).await.unwrap();
    let kept = deleted(vec![xml(404, ""), xml(200, LISTED)]).await;
    assert!(matches!(kept, Err(StoreError::Unavailable(_))), "{kept:?}");
    deleted(vec![xml(404, ""), xml(404, "")]).await.unwrap_err();
    deleted(vec![xml(404, "default backend"), xml(404, "default backend")]).await.unwrap_err();
}

#[tokio::test]
async fn f38_all_pages_of_parts_are_read() {
    let first = "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>2</NextPartNumberMarker>\
        <Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag><Size>5242880</Size></Part>\
        <Part><PartNumber>2</PartNumber><ETag>\"b\"</ETag><Size>5242880</Size></Part></ListPartsResult>";
    let second = "<ListPartsResult><IsTruncated>false</IsTruncated>\
        <Part><PartNumber>7</PartNumber><ETag>\"c\"</ETag><Size>9</Size>\
        <ChecksumCRC64NVME>rosUhgqZiIg=</ChecksumCRC64NVME></Part></ListPartsResult>";
    let (script, store) = ScriptedStore::start(vec![xml(200, first), xml(200, second)]).await;
    let parts = store.list_parts(&key(), &MultipartId("u".into())).await.unwrap();
    let numbers: Vec<_> = parts.iter().map(|part| part.part_number.get()).collect();
    assert_eq!(numbers, [1, 2, 7]);
    assert_eq!(parts[2].checksum.unwrap().to_string(), "rosUhgqZiIg=");
    assert!(script.asked()[1].contains("part-number-marker=2"), "{:?}", script.asked());
}

#[tokio::test]
async fn t43_an_answer_without_end_is_not_read_to_it() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let endless = futures::stream::repeat_with(move || {
        count.fetch_add(1 << 16, Ordering::SeqCst);
        Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1 << 16]))
    });
    let (_script, store) = ScriptedStore::start(vec![Response::new(Body::from_stream(endless))]).await;
    assert!(store.list_objects("", None).await.is_err());
    let sent = sent.load(Ordering::SeqCst);
    assert!(sent < 3 * MAX_ANSWER_BYTES, "{sent} bytes, what lies in buffers among them");
}

#[tokio::test]
async fn t43_entities_that_grow_out_of_each_other_are_not_expanded() {
    let laughs = "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">\
        <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><ListPartsResult><IsTruncated>false</IsTruncated>\
        <Part><PartNumber>1</PartNumber><ETag>&c;</ETag><Size>9</Size></Part></ListPartsResult>";
    let (_script, store) = ScriptedStore::start(vec![xml(200, laughs)]).await;
    let listed = store.list_parts(&key(), &MultipartId("u".into())).await;
    let is_expanded = listed.iter().flatten().any(|part| part.etag.contains("lol"));
    assert!(!is_expanded, "{listed:?}");
}

#[tokio::test]
async fn t43_parts_without_end_are_more_than_an_upload_can_have() {
    let page = |page: u32| {
        let part = |number: u32| {
            format!("<Part><PartNumber>{number}</PartNumber><ETag>\"a\"</ETag><Size>1</Size></Part>")
        };
        let parts: String = (1..=1000).map(part).collect();
        let body = format!(
            "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>{page}</NextPartNumberMarker>\
             {parts}</ListPartsResult>"
        );
        Response::builder().header("content-type", "application/xml").body(Body::from(body)).unwrap()
    };
    let (script, store) = ScriptedStore::start((1..=30).map(page).collect()).await;
    let listed = store.list_parts(&key(), &MultipartId("u".into())).await;
    assert!(matches!(listed, Err(StoreError::Unexpected(_))), "{listed:?}");
    assert_eq!(script.asked().len(), 11);
}

#[tokio::test]
async fn t43_pages_without_parts_are_not_followed_for_ever() {
    let page = |page: u32| {
        let next = format!("<NextPartNumberMarker>{page}</NextPartNumberMarker>");
        let body = format!("<ListPartsResult><IsTruncated>true</IsTruncated>{next}</ListPartsResult>");
        Response::builder().header("content-type", "application/xml").body(Body::from(body)).unwrap()
    };
    let (_script, store) = ScriptedStore::start((1..=999).map(page).collect()).await;
    let listed = store.list_parts(&key(), &MultipartId("u".into())).await;
    assert!(matches!(listed, Err(StoreError::Unexpected(_))), "{listed:?}");
}

#[tokio::test]
async fn t43_a_listing_that_begins_again_is_not_followed_for_ever() {
    let page = "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>a</Key><ETag>\"e\"</ETag>\
        <LastModified>2026-11-21T12:00:00.000Z</LastModified><Size>1</Size></Contents></ListBucketResult>";
    let (script, store) = ScriptedStore::start(vec![xml(200, page), xml(200, page)]).await;
    let listed = store.list("").await;
    assert!(matches!(listed, Err(StoreError::Unexpected(_))), "{listed:?}");
    assert!(script.asked()[1].contains("start-after=a"), "{:?}", script.asked());
}

#[tokio::test]
async fn a_store_that_ignores_the_range_is_not_read_to_its_end() {
    let endless = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![0; 1 << 16])));
    let (_script, store) = ScriptedStore::start(vec![Response::new(Body::from_stream(endless))]).await;
    assert!(matches!(store.read_range(&key(), 0..1000, None).await, Err(StoreError::Unexpected(_))));
}

#[tokio::test]
async fn nothing_is_asked_for_an_empty_range() {
    let (script, store) = ScriptedStore::start(vec![]).await;
    assert!(store.read_range(&key(), 7..7, None).await.unwrap().is_empty());
    assert!(script.asked().is_empty());
}

#[tokio::test]
async fn a_bucket_elsewhere_is_told_with_its_region() {
    let elsewhere = Response::builder()
        .status(301)
        .header("x-amz-bucket-region", "us-west-2")
        .body(Body::empty())
        .unwrap();
    let (_script, store) = ScriptedStore::start(vec![elsewhere]).await;
    let told = store.check().await.unwrap_err().to_string();
    assert!(told.contains("photos is in region us-west-2"), "{told}");
}

#[tokio::test]
async fn a_missing_bucket_is_not_taken_for_a_missing_object() {
    let (_script, store) = ScriptedStore::start(vec![xml(404, "")]).await;
    let told = store.check().await.unwrap_err().to_string();
    assert!(told.contains("bucket photos does not exist"), "{told}");
}

#[tokio::test]
async fn a_store_nobody_listens_for_is_unavailable() {
    let (_script, store) = ScriptedStore::start(vec![]).await;
    // A port that is taken and not listened on: nobody else is given it meanwhile.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let nobody = taken.local_addr().unwrap();
    let client = store.client.config().to_builder().endpoint_url(format!("http://{nobody}")).build();
    let nowhere = S3Store { client: aws_sdk_s3::Client::from_conf(client), ..store };
    assert!(matches!(nowhere.head(&key()).await, Err(StoreError::Unavailable(_))));
}

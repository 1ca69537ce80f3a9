//! What Amazon documents, and what follows from it.

use std::time::Duration;

use time::macros::datetime;

use crate::{
    Addressing, Credentials, Endpoint, GetOptions, PartHeaders, PutHeaders, SignError, Signer, Validity,
};

fn signer() -> Signer {
    let endpoint =
        Endpoint::new("https://s3.amazonaws.com", "us-east-1", "examplebucket", Addressing::VirtualHost)
            .unwrap();
    let credentials =
        Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY").unwrap();
    Signer::new(endpoint, credentials)
}

fn a_day() -> Validity {
    Validity::new(datetime!(2013-05-24 00:00:00 UTC), Duration::from_secs(86_400))
}

/// Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters", the example.
#[test]
fn the_documented_example_is_signed_as_documented() {
    let request = signer().get_object("test.txt", &GetOptions::default(), &a_day()).unwrap();
    assert_eq!(
        request.url.expose(),
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
    assert!(request.headers.is_empty());
    assert_eq!(request.expires_at, datetime!(2013-05-25 00:00:00 UTC));
}

#[test]
fn every_bound_changes_the_signature() {
    let signer = signer();
    let put =
        PutHeaders { content_length: Some(4096), content_type: Some("image/jpeg"), ..Default::default() };
    let signature = |key: &str, put: &PutHeaders<'_>| {
        let url = signer.put_object(key, put, &a_day()).unwrap().url.into_string();
        url.rsplit_once("X-Amz-Signature=").unwrap().1.to_owned()
    };
    let others = [
        signature("photo.jpg", &PutHeaders { content_length: Some(4097), ..put }),
        signature("photo.jpg", &PutHeaders { content_length: None, ..put }),
        signature("photo.jpg", &PutHeaders { content_type: Some("text/html"), ..put }),
        signature("photo.jpg", &PutHeaders { only_if_absent: true, ..put }),
        signature("photo2.jpg", &put),
    ];
    let first = signature("photo.jpg", &put);
    for other in others {
        assert_ne!(first, other);
    }
}

#[test]
fn a_part_needs_a_number_and_an_upload() {
    let part = |part_number| PartHeaders { part_number, content_length: Some(5), checksum: None };
    let signer = signer();
    for number in [0, 10_001] {
        let refused = signer.upload_parts("k", "id", &[part(1), part(number)], &a_day());
        assert_eq!(refused.unwrap_err(), SignError::PartNumber(number));
        let refused = signer.upload_part("k", "id", part(number), &a_day());
        assert_eq!(refused.unwrap_err(), SignError::PartNumber(number));
    }
    assert_eq!(signer.upload_part("k", "", part(1), &a_day()).unwrap_err(), SignError::NoUploadId);
    assert_eq!(signer.upload_parts("k", "", &[part(1)], &a_day()).unwrap_err(), SignError::NoUploadId);
}

#[test]
fn an_answer_cannot_be_made_to_carry_a_second_header() {
    let options =
        GetOptions { response_content_disposition: Some("inline\r\nset-cookie: a=b"), ..Default::default() };
    let refused = signer().get_object("k", &options, &a_day()).unwrap_err();
    assert_eq!(refused, SignError::HeaderValue { header: "response-content-disposition" });
}

#[test]
fn nothing_that_is_printed_holds_a_signature_or_a_secret() {
    let credentials =
        Credentials::new("ASIAEXAMPLE", "canary-secret").unwrap().with_session_token("canary-token");
    let signer = Signer::new(signer().endpoint().clone(), credentials);
    let request = signer.get_object("k", &GetOptions::default(), &a_day()).unwrap();
    let presigner = signer.presigner(&a_day()).unwrap();
    let printed = format!("{signer:?} {presigner:?} {request:?} {}", request.url);
    for secret in ["canary", "X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "ASIAEX"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

//! What is refused before a signature is even looked at: everything but SigV4 as S3 wants it.
//!
//! The protocol crate verifies signatures and expiry. It would also take SigV2, presigned URLs of
//! any length, unsigned `x-amz-*` headers and any region; a store that is to behave as S3 must not.

use http::request::Parts;
use http::{HeaderMap, Method, header};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

/// S3's longest presigned URL: 7 days.
const LONGEST_EXPIRY_SECONDS: u32 = 7 * 24 * 60 * 60;

/// Lets a request through to signature verification, or says why not.
pub(crate) fn check(request: &Parts, region: &str) -> S3Result<()> {
    let query = Query(request.uri.query().unwrap_or_default());
    let authorization =
        request.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());

    let sig_v2 = query.has("Signature") || query.has("AWSAccessKeyId");
    if sig_v2 || authorization.is_some_and(|value| value.starts_with("AWS ")) {
        return Err(s3_error!(
            InvalidRequest,
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        ));
    }
    match (query.has("X-Amz-Signature"), authorization) {
        (true, None) | (false, Some(_)) if is_form(request) => Err(s3_error!(
            InvalidArgument,
            "A form is signed by its policy, in a field of its own, and nothing else"
        )),
        (true, Some(_)) => Err(s3_error!(
            InvalidArgument,
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization header should be specified"
        )),
        (true, None) => check_presigned(&query, &request.headers, region),
        (false, Some(value)) => check_header(value, &request.headers, region),
        // A form brings its signature; anything else is anonymous, and the access check refuses it.
        (false, None) => Ok(()),
    }
}

/// Whether this is a browser's form: its signature is among its fields, which the protocol crate is not asked
/// about.
pub(crate) fn is_form(request: &Parts) -> bool {
    let content_type = request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    request.method == Method::POST
        && content_type.is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("multipart/"))
}

fn check_presigned(query: &Query<'_>, headers: &HeaderMap, region: &str) -> S3Result<()> {
    let malformed =
        |message: String| S3Error::with_message(S3ErrorCode::AuthorizationQueryParametersError, message);
    for name in ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders"]
    {
        if query.count(name) != 1 {
            return Err(malformed(format!(
                "Query-string authentication requires exactly one {name} parameter"
            )));
        }
    }
    let expires = query.value("X-Amz-Expires").unwrap_or_default();
    let seconds: u32 =
        expires.parse().map_err(|_| malformed("X-Amz-Expires should be a number".to_owned()))?;
    if seconds == 0 || seconds > LONGEST_EXPIRY_SECONDS {
        return Err(malformed(format!(
            "X-Amz-Expires must be between 1 and {LONGEST_EXPIRY_SECONDS} seconds (a week), it is {seconds}"
        )));
    }
    let credential = query.value("X-Amz-Credential").unwrap_or_default();
    if let Some(found) = wrong_region(&credential, region) {
        return Err(malformed(format!(
            "Error parsing the X-Amz-Credential parameter; the region '{found}' is wrong; expecting '{region}'"
        )));
    }
    check_signed_headers(&query.value("X-Amz-SignedHeaders").unwrap_or_default(), headers)
}

fn check_header(authorization: &str, headers: &HeaderMap, region: &str) -> S3Result<()> {
    let malformed =
        |message: String| S3Error::with_message(S3ErrorCode::AuthorizationHeaderMalformed, message);
    let fields = authorization
        .strip_prefix("AWS4-HMAC-SHA256")
        .ok_or_else(|| malformed("The authorization header must use AWS4-HMAC-SHA256".to_owned()))?;
    let field = |name: &str| {
        let value = fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
        value.ok_or_else(|| malformed(format!("The authorization header has no {name}")))
    };
    if let Some(found) = wrong_region(field("Credential")?, region) {
        return Err(malformed(format!(
            "The authorization header is malformed; the region '{found}' is wrong; expecting '{region}'"
        )));
    }
    check_signed_headers(field("SignedHeaders")?, headers)
}

/// The region of a credential scope, `AKID/20260101/us-east-1/s3/aws4_request`, when it is not ours.
fn wrong_region<'a>(credential: &'a str, region: &str) -> Option<&'a str> {
    let found = credential.rsplit('/').nth(2).unwrap_or_default();
    (found != region).then_some(found)
}

/// Every `x-amz-*` header must be signed, `host` too, and every signed header must be there: a
/// signature says nothing of a header it does not cover.
fn check_signed_headers(signed: &str, headers: &HeaderMap) -> S3Result<()> {
    let signed: Vec<&str> = signed.split(';').collect();
    let is_signed = |name: &str| signed.contains(&name);
    if !is_signed("host") {
        return Err(s3_error!(AccessDenied, "The host header must be signed"));
    }
    if let Some(name) = headers
        .keys()
        .map(header::HeaderName::as_str)
        .find(|name| name.starts_with("x-amz-") && !is_signed(name))
    {
        return Err(s3_error!(
            AccessDenied,
            "There were headers present in the request which were not signed: {name}"
        ));
    }
    // HTTP/2 has `:authority` for `host`.
    if let Some(name) = signed.iter().find(|name| **name != "host" && !headers.contains_key(**name)) {
        return Err(s3_error!(SignatureDoesNotMatch, "The signed header {name} is missing from the request"));
    }
    Ok(())
}

/// A query string, decoded as the protocol crate decodes it.
struct Query<'a>(&'a str);

impl Query<'_> {
    fn has(&self, name: &str) -> bool {
        self.count(name) > 0
    }

    fn count(&self, name: &str) -> usize {
        form_urlencoded::parse(self.0.as_bytes()).filter(|(found, _)| found == name).count()
    }

    fn value(&self, name: &str) -> Option<String> {
        let mut parameters = form_urlencoded::parse(self.0.as_bytes());
        parameters.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    const REGION: &str = "us-east-1";

    fn presigned(changes: &[(&str, Option<&str>)]) -> String {
        let mut parameters = vec![
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", "AKID/20260101/us-east-1/s3/aws4_request"),
            ("X-Amz-Date", "20260101T000000Z"),
            ("X-Amz-Expires", "900"),
            ("X-Amz-SignedHeaders", "host"),
            ("X-Amz-Signature", "0"),
        ];
        for (name, value) in changes {
            parameters.retain(|(found, _)| found != name);
            parameters.extend(value.map(|value| (*name, value)));
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        format!("http://localhost/photos/key?{query}")
    }

    fn verdict(uri: &str, headers: &[(&str, &str)]) -> Option<S3ErrorCode> {
        let mut request = Request::put(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check(&parts, REGION).err().map(|error| error.code().clone())
    }

    #[test]
    fn a_plain_sigv4_request_passes() {
        assert_eq!(verdict(&presigned(&[]), &[]), None);
        let signed = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/s3/aws4_request, \
                      SignedHeaders=host;x-amz-date, Signature=0";
        assert_eq!(
            verdict("http://localhost/photos", &[("authorization", signed), ("x-amz-date", "d")]),
            None
        );
    }

    #[test]
    fn sigv2_is_refused_in_both_its_forms() {
        let query = "http://localhost/photos/key?AWSAccessKeyId=AKID&Expires=1&Signature=s";
        assert_eq!(verdict(query, &[]), Some(S3ErrorCode::InvalidRequest));
        let header = [("authorization", "AWS AKID:signature")];
        assert_eq!(verdict("http://localhost/photos/key", &header), Some(S3ErrorCode::InvalidRequest));
    }

    #[test]
    fn expiry_is_between_a_second_and_a_week() {
        for (expires, accepted) in
            [("1", true), ("604800", true), ("0", false), ("604801", false), ("-1", false), ("x", false)]
        {
            let code = verdict(&presigned(&[("X-Amz-Expires", Some(expires))]), &[]);
            assert_eq!(code.is_none(), accepted, "{expires}: {code:?}");
        }
    }

    #[test]
    fn a_parameter_given_twice_or_not_at_all_is_refused() {
        let twice = format!("{}&X-Amz-Expires=900", presigned(&[]));
        assert_eq!(verdict(&twice, &[]), Some(S3ErrorCode::AuthorizationQueryParametersError));
        let missing = presigned(&[("X-Amz-Date", None)]);
        assert_eq!(verdict(&missing, &[]), Some(S3ErrorCode::AuthorizationQueryParametersError));
    }

    #[test]
    fn an_unsigned_amz_header_is_refused() {
        let extra = [("x-amz-meta-colour", "red")];
        assert_eq!(verdict(&presigned(&[]), &extra), Some(S3ErrorCode::AccessDenied));
        let signed = presigned(&[("X-Amz-SignedHeaders", Some("host;x-amz-meta-colour"))]);
        assert_eq!(verdict(&signed, &extra), None);
        assert_eq!(verdict(&signed, &[]), Some(S3ErrorCode::SignatureDoesNotMatch));
    }

    #[test]
    fn host_must_be_signed_and_the_region_ours() {
        let no_host = presigned(&[("X-Amz-SignedHeaders", Some("content-length"))]);
        assert_eq!(verdict(&no_host, &[]), Some(S3ErrorCode::AccessDenied));
        let elsewhere = presigned(&[("X-Amz-Credential", Some("AKID/20260101/eu-west-1/s3/aws4_request"))]);
        assert_eq!(verdict(&elsewhere, &[]), Some(S3ErrorCode::AuthorizationQueryParametersError));
    }

    #[test]
    fn two_signatures_are_one_too_many() {
        let header = [("authorization", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=0")];
        assert_eq!(verdict(&presigned(&[]), &header), Some(S3ErrorCode::InvalidArgument));
    }
}

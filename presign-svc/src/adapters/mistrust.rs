//! Others who do not prove who they are: their certificate is not vouched for, or is somebody else's.

/// How all that is wrong with a certificate is said by rustls, whoever uses it.
const SAID: &str = "invalid peer certificate";

/// Whether a failure, in words, came of a certificate.
pub fn is_of_a_certificate(failure: &str) -> bool {
    failure.contains(SAID)
}

/// What helps then, to be written after the failure.
pub fn advice(failure: &str) -> &'static str {
    if is_of_a_certificate(failure) {
        "; the certificate is not trusted here: where an authority of your own has signed it, name that \
         authority's file (PEM) in SSL_CERT_FILE, and otherwise this is somebody else"
    } else {
        ""
    }
}

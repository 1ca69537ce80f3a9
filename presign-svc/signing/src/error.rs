//! What can be wrong with what we are asked to sign: each error says what, and what to do.

use time::OffsetDateTime;

/// An endpoint that cannot be signed for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// Neither `http://` nor `https://`.
    #[error("the endpoint must start with https:// or http://")]
    Scheme,
    /// A user name, a path, a query or a fragment after the host.
    #[error("the endpoint is scheme, host and port only: nothing may follow or precede them")]
    NotAnOrigin,
    /// No host, or one that is neither a name in ASCII nor an address.
    #[error("{0:?} is not a host name; an international name must be written in its xn-- form")]
    Host(String),
    /// Not 1 to 65535.
    #[error("{0:?} is not a port")]
    Port(String),
    /// The region is part of every signature.
    #[error("{0:?} is not a region; for S3 it looks like eu-central-1")]
    Region(String),
    /// Not 3 to 63 lower-case letters, digits, dots and hyphens.
    #[error("{0:?} is not a bucket name")]
    Bucket(String),
    /// The bucket cannot be a label of the host name.
    #[error("bucket {0:?} cannot be part of the host name at this endpoint: use path addressing")]
    NotVirtualHostable(String),
}

/// Credentials that cannot sign anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredentials {
    /// An empty access key id.
    #[error("the access key id is empty")]
    NoAccessKeyId,
    /// An empty secret access key.
    #[error("the secret access key is empty")]
    NoSecret,
}

/// Why a request was not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The object key cannot be addressed.
    #[error("the object key {0}")]
    Key(KeyProblem),
    /// A value that no header could carry, in a request or in the answer it asks for.
    #[error("the value for {header} is empty or holds characters a header cannot carry")]
    HeaderValue {
        /// The header, or the query parameter that overrides one, in lower case.
        header: &'static str,
    },
    /// S3 numbers parts from 1 to 10,000.
    #[error("{0} is not a part number: they go from 1 to 10000")]
    PartNumber(u16),
    /// The multipart upload has no name.
    #[error("the multipart upload id is empty")]
    NoUploadId,
    /// A URL lives a whole number of seconds, at least one.
    #[error("a signed URL must be asked to live for at least one second")]
    LifetimeTooShort,
    /// The clock is before 1970 or after 9999.
    #[error("the clock says {0}, which cannot be signed: set the clock")]
    Clock(OffsetDateTime),
    /// The credentials end before a useful URL would: get new ones, then sign.
    #[error("the credentials end at {expires_at}, too soon for a signed URL: refresh them first")]
    CredentialsExpiring {
        /// When the credentials stop working.
        expires_at: OffsetDateTime,
    },
}

/// What is wrong with an object key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// No key at all: that would address the bucket.
    #[error("is empty")]
    Empty,
    /// More than S3's limit of 1,024 bytes in UTF-8.
    #[error("is longer than the 1024 bytes S3 allows")]
    TooLong,
    /// A segment `.` or `..`: browsers and HTTP clients resolve these before sending, so that the
    /// request would go to another key than the one signed for.
    #[error("has a segment '.' or '..', which browsers resolve before they send the request")]
    DotSegment,
}

//! What the engine asks the shell to do.

use std::fmt;
use std::ops::Range;

use windlass_protocol::complete_upload::CompleteUploadRequest;
use windlass_protocol::create_uploads::CreateUploadsRequest;
use windlass_protocol::report_previews::ReportPreviewsRequest;
use windlass_protocol::sign_parts::SignPartsRequest;
use windlass_protocol::sign_pieces::SignPiecesRequest;
use windlass_protocol::{ClientRef, SignedHeaders, UploadId};

/// Names one piece of work, unique in an engine's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(pub(super) u64);

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Begin this, and feed its answer under this id.
    Start {
        /// The name of the work.
        id: CommandId,
        /// What to do.
        work: Work,
    },
    /// Give that up; its answer is no longer wanted.
    Stop {
        /// The name of the work.
        id: CommandId,
    },
}

/// Work for the shell, with the [`Answer`](super::Answer) it ends in.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Ask the application for a fresh token. → `Answer::Token`
    FetchToken,
    /// Read these bytes, a little at a time, and compute their CRC-64/NVME. → `Answer::Hashed`
    Hash {
        /// Which bytes' file.
        blob: BlobRef,
        /// Which bytes of it.
        range: Range<u64>,
    },
    /// `POST /uploads`. → `Answer::Created`
    CreateUploads(CreateUploadsRequest),
    /// `POST /uploads/{id}/parts`. → `Answer::Signed`
    SignParts {
        /// Which upload.
        upload_id: UploadId,
        /// The body.
        request: SignPartsRequest,
    },
    /// `POST /uploads/{id}/pieces`. → `Answer::PiecesSigned`
    SignPieces {
        /// Which upload.
        upload_id: UploadId,
        /// The body.
        request: SignPiecesRequest,
    },
    /// `GET /uploads/{id}/parts`. → `Answer::Listed`
    ListParts {
        /// Which upload.
        upload_id: UploadId,
    },
    /// `POST /uploads/{id}/complete`. → `Answer::Completed`
    Complete {
        /// Which upload.
        upload_id: UploadId,
        /// The body.
        request: CompleteUploadRequest,
    },
    /// `POST /uploads/previews`. → `Answer::PreviewsReported`
    ReportPreviews(ReportPreviewsRequest),
    /// `DELETE /uploads/{id}`. → `Answer::Aborted`
    Abort {
        /// Which upload.
        upload_id: UploadId,
    },
    /// PUT these bytes to the store, telling progress. → `Answer::Put`
    Put {
        /// Which bytes' file.
        blob: BlobRef,
        /// Which bytes of it.
        range: Range<u64>,
        /// Where to.
        url: SignedUrl,
        /// Headers that are part of the signature. A browser sets `content-length` and `host` itself.
        headers: SignedHeaders,
    },
    /// Ask a small question over each connection that may lie open to that host: as many at once as a
    /// browser keeps. Giving it up must close those that did not answer. → `Answer::Tried`
    TryConnections(Server),
}

/// Who requests go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// The object store, where the latest signed URL leads.
    Store,
    /// The service.
    Service,
}

/// The bytes of a file that was added.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobRef {
    /// The upload.
    pub client_ref: ClientRef,
    /// The original or one of its variants.
    pub source: Source,
}

/// Which of an upload's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The file as chosen.
    Original,
    /// The variant at that index of [`NewUpload::variants`](super::NewUpload::variants).
    Variant(usize),
}

/// A signed URL: whoever has it may write. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl(String);

impl SignedUrl {
    pub(super) fn new(url: String) -> Self {
        Self(url)
    }

    /// The URL, to be used and not to be kept.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The server it leads to: `https://host:port/`. Nothing of it is secret.
    pub fn origin(&self) -> Option<String> {
        let (scheme, rest) = self.0.split_once("://")?;
        let host = rest.split(['/', '?']).next()?;
        Some(format!("{scheme}://{host}/"))
    }

    /// How long it works, in milliseconds from its signing, where it says so: `X-Amz-Expires`, seconds
    /// (Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters").
    pub(super) fn lifetime_ms(&self) -> Option<u64> {
        let (_, query) = self.0.split_once('?')?;
        let seconds = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Expires="))?;
        seconds.parse::<u64>().ok()?.checked_mul(1_000)
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedUrl(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_url_says_how_long_it_works_and_is_never_printed() {
        let url =
            SignedUrl::new("https://b.example/k?X-Amz-Date=1&X-Amz-Expires=900&X-Amz-Signature=s".into());
        assert_eq!(url.lifetime_ms(), Some(900_000));
        assert!(!format!("{url:?}").contains("Signature"));
        assert_eq!(SignedUrl::new("https://b.example/k".into()).lifetime_ms(), None);
        assert_eq!(url.origin().as_deref(), Some("https://b.example/"));
    }
}

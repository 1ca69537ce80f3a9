//! Reading on when a request is refused before its body was read.
//!
//! A server that answers 403 to a large PUT and closes resets the connection under the client,
//! which then sees a network failure instead of "your URL has expired". So the rest of the body is
//! read and thrown away, within limits, while the answer goes out.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;

/// The most that is thrown away for one request: a large part.
const DRAIN_LIMIT_BYTES: usize = 64 * 1024 * 1024;
const DRAIN_LIMIT: Duration = Duration::from_secs(30);

/// A request's body that is read to its end even when nobody wants it.
pub(crate) struct PatientBody {
    incoming: Option<Incoming>,
}

impl PatientBody {
    pub(crate) fn new(incoming: Incoming) -> Self {
        Self { incoming: Some(incoming) }
    }
}

impl Body for PatientBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(incoming) = self.incoming.as_mut() else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(incoming).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.incoming = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for PatientBody {
    fn drop(&mut self) {
        let Some(rest) = self.incoming.take().filter(|incoming| !incoming.is_end_stream()) else { return };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(tokio::time::timeout(DRAIN_LIMIT, drain(rest)));
        }
    }
}

async fn drain(mut rest: Incoming) {
    let mut drained = 0usize;
    while drained < DRAIN_LIMIT_BYTES
        && let Some(Ok(frame)) = rest.frame().await
    {
        drained += frame.data_ref().map_or(0, Bytes::len);
    }
}

//! Bodies on their way: counted, and changed, stopped or cut at a byte.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use tokio::time::{Sleep, sleep};

use crate::connection::Handle;
use crate::journal::Entry;
use crate::upstream::{BoxError, Guard};

/// How long what was passed takes to leave.
const FLUSHED: Duration = Duration::from_millis(50);

/// What happens at a byte of a body.
pub(crate) enum Tamper {
    Nothing,
    /// A bit of that byte is flipped.
    Flip(u64),
    /// After so many bytes no more move, for ever or for that long.
    Stall(u64, Option<Duration>),
    /// After so many bytes the client's connection is reset.
    Reset(u64, Arc<Handle>),
    /// After so many bytes the body breaks off.
    Break(u64),
    /// After that long it breaks off.
    BreakAfter(Pin<Box<Sleep>>),
}

/// Where the bytes are counted.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    Request,
    Response,
}

/// A body on its way.
pub(crate) struct Tampered<B> {
    body: B,
    way: Way,
    entry: Arc<Entry>,
    tamper: Tamper,
    passed_bytes: u64,
    /// Read and not passed yet.
    held: Option<Bytes>,
    waiting: Option<Pin<Box<Sleep>>>,
    /// Keeps the upstream's connection.
    _guard: Option<Guard>,
}

impl<B> Tampered<B> {
    pub fn new(body: B, way: Way, entry: Arc<Entry>, tamper: Tamper, guard: Option<Guard>) -> Self {
        Self { body, way, entry, tamper, passed_bytes: 0, held: None, waiting: None, _guard: guard }
    }

    /// Bytes that may pass before something happens.
    fn limit_bytes(&self) -> Option<u64> {
        match &self.tamper {
            Tamper::Stall(limit, _) | Tamper::Reset(limit, _) | Tamper::Break(limit) => {
                Some(limit.saturating_sub(self.passed_bytes))
            }
            Tamper::Nothing | Tamper::Flip(_) | Tamper::BreakAfter(_) => None,
        }
    }

    /// The limit is reached: what happens there. Ready means that the body goes on.
    fn poll_limit(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match &self.tamper {
            Tamper::Stall(_, None) => return Poll::Pending,
            Tamper::Stall(_, Some(how_long)) => {
                let how_long = *how_long;
                ready!(self.waiting.get_or_insert_with(|| Box::pin(sleep(how_long))).as_mut().poll(cx));
                self.tamper = Tamper::Nothing;
            }
            Tamper::Reset(_, connection) => {
                connection.reset();
                return Poll::Ready(Err("reset on purpose".into()));
            }
            Tamper::Break(_) => {
                // What came before is on its way first: whoever breaks off at once takes the head along.
                ready!(self.waiting.get_or_insert_with(|| Box::pin(sleep(FLUSHED))).as_mut().poll(cx));
                return Poll::Ready(Err("cut on purpose".into()));
            }
            Tamper::Nothing | Tamper::Flip(_) | Tamper::BreakAfter(_) => {}
        }
        Poll::Ready(Ok(()))
    }

    fn pass(&mut self, bytes: Bytes) -> Bytes {
        let before = self.passed_bytes;
        self.passed_bytes += bytes.len() as u64;
        match self.tamper {
            Tamper::Flip(at) if (before..self.passed_bytes).contains(&at) => {
                flipped(&bytes, (at - before) as usize)
            }
            _ => bytes,
        }
    }
}

/// The same bytes but for one bit.
pub(crate) fn flipped(bytes: &[u8], at: usize) -> Bytes {
    let mut changed = BytesMut::from(bytes);
    if let Some(byte) = changed.get_mut(at) {
        *byte ^= 1;
    }
    changed.freeze()
}

impl<B> Body for Tampered<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if let Tamper::BreakAfter(end) = &mut this.tamper
            && end.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Some(Err("cut on purpose".into())));
        }
        loop {
            if this.limit_bytes() == Some(0) {
                if let Err(error) = ready!(this.poll_limit(cx)) {
                    return Poll::Ready(Some(Err(error)));
                }
                continue;
            }
            if let Some(mut bytes) = this.held.take() {
                let limit = this.limit_bytes().and_then(|limit| usize::try_from(limit).ok());
                if let Some(limit) = limit.filter(|limit| *limit < bytes.len()) {
                    this.held = Some(bytes.split_off(limit));
                }
                let bytes = this.pass(bytes);
                if let Way::Response = this.way {
                    this.entry.response_moved(bytes.len());
                }
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => {}
                    Ok(data) => {
                        if let Way::Request = this.way {
                            this.entry.request_moved(data.len());
                        }
                        this.held = Some(data);
                    }
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.tamper, Tamper::Nothing | Tamper::Flip(_))
            && self.held.is_none()
            && self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        let mut hint = self.body.size_hint();
        let held = self.held.as_ref().map_or(0, |bytes| bytes.len() as u64);
        if let Some(exact) = hint.exact() {
            hint.set_exact(exact + held);
        }
        hint
    }
}

//! A body of white space, then the answer: how S3 keeps a connection alive while it puts a large object
//! together (Amazon S3 API Reference, CompleteMultipartUpload).

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Instant, Interval, Sleep, interval, sleep_until};

use crate::exchange::Cut;
use crate::upstream::BoxError;

/// White space is sent this often.
const WHITESPACE_EVERY: Duration = Duration::from_secs(1);
/// What S3 sends before the white space, so that the whole is XML.
const XML_DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

type Answer = Pin<Box<dyn Future<Output = Result<Bytes, Cut>> + Send>>;

/// White space until the answer is there and the time is over.
pub(crate) struct Trickle {
    answer: Answer,
    arrived: Option<Result<Bytes, Cut>>,
    until: Pin<Box<Sleep>>,
    ticks: Interval,
    has_begun: bool,
    is_over: bool,
}

impl Trickle {
    pub fn before(
        answer: impl Future<Output = Result<Bytes, Cut>> + Send + 'static,
        how_long: Duration,
    ) -> Self {
        Self {
            answer: Box::pin(answer),
            arrived: None,
            until: Box::pin(sleep_until(Instant::now() + how_long)),
            ticks: interval(WHITESPACE_EVERY),
            has_begun: false,
            is_over: false,
        }
    }
}

impl Body for Trickle {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if this.is_over {
            return Poll::Ready(None);
        }
        if this.arrived.is_none()
            && let Poll::Ready(answer) = this.answer.as_mut().poll(cx)
        {
            this.arrived = Some(answer);
        }
        if this.arrived.is_some() && (this.until.is_elapsed() || this.until.as_mut().poll(cx).is_ready()) {
            this.is_over = true;
            let answer = this.arrived.take().unwrap_or(Err(Cut));
            return Poll::Ready(Some(answer.map(rest_of).map_err(Into::into)));
        }
        ready!(this.ticks.poll_tick(cx));
        let bytes = if this.has_begun { " " } else { XML_DECLARATION };
        this.has_begun = true;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(bytes.as_bytes())))))
    }
}

/// The answer without the declaration that was sent already.
fn rest_of(answer: Bytes) -> Frame<Bytes> {
    let rest = answer.strip_prefix(XML_DECLARATION.as_bytes()).map(Bytes::copy_from_slice);
    Frame::data(rest.unwrap_or(answer))
}

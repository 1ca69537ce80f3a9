//! A client's connection: it can be throttled, reset and silenced.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::link::OutageKind;
use crate::proxy::Shared;
use crate::shaper::Shaper;

/// The most bytes that move at once on a line that has a speed.
const PORTION_MOST_BYTES: usize = 16 * 1024;

const OPEN: u8 = 0;
const SILENT: u8 = 1;
const RESET: u8 = 2;

/// What others may do to a connection.
#[derive(Debug, Default)]
pub(crate) struct Handle {
    state: AtomicU8,
    changed: Notify,
}

impl Handle {
    /// The client sees an RST.
    pub fn reset(&self) {
        self.state.store(RESET, Ordering::SeqCst);
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    /// No byte moves any more, for ever.
    pub fn silence(&self) {
        // What was reset stays so.
        let _ = self.state.compare_exchange(OPEN, SILENT, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Resolves when the connection is to be reset.
    pub async fn was_reset(&self) {
        while self.state.load(Ordering::SeqCst) != RESET {
            self.changed.notified().await;
        }
    }

    fn is(&self, state: u8) -> bool {
        self.state.load(Ordering::SeqCst) == state
    }
}

/// The connection's bytes, as slowly as the line lets them through.
pub(crate) struct Throttled {
    stream: TcpStream,
    handle: Arc<Handle>,
    shared: Arc<Shared>,
    reading: Pace,
    writing: Pace,
}

/// A wait before the next bytes.
#[derive(Default)]
struct Pace(Option<Pin<Box<Sleep>>>);

impl Pace {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(sleep) = &mut self.0 {
            ready!(sleep.as_mut().poll(cx));
            self.0 = None;
        }
        Poll::Ready(())
    }

    fn until(&mut self, moment: Option<Instant>) {
        self.0 = moment.map(|moment| Box::pin(sleep_until(moment)));
    }

    fn after(&mut self, shaper: &Shaper, bytes: usize) {
        self.until(shaper.busy_until(bytes));
    }
}

impl Throttled {
    /// `first_byte_at`: the way to the other end takes its time.
    pub fn new(stream: TcpStream, handle: Arc<Handle>, shared: Arc<Shared>, first_byte_at: Instant) -> Self {
        let mut reading = Pace::default();
        reading.until(Some(first_byte_at));
        Self { stream, handle, shared, reading, writing: Pace::default() }
    }

    /// Whether the client is gone and nothing of what it sent is left to read. The line's pace does not hold that back:
    /// what nobody waits for any more would be answered, and be called told.
    fn is_left(&self, cx: &mut Context<'_>) -> bool {
        let in_a_tunnel = matches!(self.shared.outage(), Some((OutageKind::Silent, _)));
        if self.handle.is(SILENT) || in_a_tunnel {
            return false;
        }
        let mut byte = [0];
        let peeked = self.stream.poll_peek(cx, &mut ReadBuf::new(&mut byte));
        matches!(peeked, Poll::Ready(Ok(0) | Err(_)))
    }

    /// Nothing moves on a silenced connection, nor in a tunnel.
    fn poll_moving(
        handle: &Handle,
        shared: &Shared,
        pace: &mut Pace,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if handle.is(RESET) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if handle.is(SILENT) {
            return Poll::Pending;
        }
        if let Some((OutageKind::Silent, until)) = shared.outage()
            && pace.0.is_none()
        {
            pace.until(Some(until));
        }
        pace.poll(cx).map(Ok)
    }
}

impl AsyncRead for Throttled {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let moving = Self::poll_moving(&this.handle, &this.shared, &mut this.reading, cx);
        if moving.is_pending() && this.is_left(cx) {
            return Poll::Ready(Ok(()));
        }
        ready!(moving)?;
        let Some(portion_bytes) = this.shared.up.portion_bytes() else {
            return Pin::new(&mut this.stream).poll_read(cx, buffer);
        };
        let mut memory = [0; PORTION_MOST_BYTES];
        let free = portion_bytes.min(buffer.remaining()).min(PORTION_MOST_BYTES);
        let mut portion = ReadBuf::new(memory.get_mut(..free).unwrap_or_default());
        ready!(Pin::new(&mut this.stream).poll_read(cx, &mut portion))?;
        if !portion.filled().is_empty() {
            buffer.put_slice(portion.filled());
            this.reading.after(&this.shared.up, portion.filled().len());
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Throttled {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(Self::poll_moving(&this.handle, &this.shared, &mut this.writing, cx))?;
        let Some(portion_bytes) = this.shared.down.portion_bytes() else {
            return Pin::new(&mut this.stream).poll_write(cx, bytes);
        };
        let portion = bytes.get(..portion_bytes).unwrap_or(bytes);
        let written = ready!(Pin::new(&mut this.stream).poll_write(cx, portion))?;
        this.writing.after(&this.shared.down, written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // The other end of a silenced connection hears nothing, not even its end.
        if this.handle.is(SILENT) {
            return Poll::Pending;
        }
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}

impl Drop for Throttled {
    fn drop(&mut self) {
        // With a linger time of zero, closing sends an RST.
        if self.handle.is(RESET) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

//! How many connections there is room for. Each takes a file descriptor, of which the system gives a process only
//! so many; when they run out, nothing works any more: no database, no store, no file. So some are kept back, and
//! whoever comes when the others are taken is told to come again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use windlass_protocol::{ErrorCode, Problem};

use crate::adapters::system::RandomIds;
use crate::api::error::problem_of;
use crate::ports::ids::IdSource as _;

/// A quarter of the descriptors is kept back for files, the database and the store, at least so many.
const KEPT_BACK_LEAST: usize = 96;
/// Where the system does not say how many there may be.
const UNKNOWN: usize = 65_536;
/// How many are turned away at once; more wait in the listener's queue.
const TURNED_AWAY_AT_ONCE: usize = 48;
/// How long one who is turned away has until it has taken the answer and has sent its request, and how long between
/// two pieces of that.
const GOODBYE: Duration = Duration::from_secs(2);
const BETWEEN_PIECES: Duration = Duration::from_millis(100);
/// Room for those who read the metrics.
const FOR_METRICS: usize = 16;
/// One line in the log for so many who were turned away.
const TOLD_EVERY: u64 = 1000;

/// Room for connections.
#[derive(Debug, Clone)]
pub struct Room {
    seats: Arc<Semaphore>,
    door: Arc<Semaphore>,
    turned_away: Arc<AtomicU64>,
}

/// Room for one connection, until dropped.
#[derive(Debug)]
pub struct Seat(
    #[expect(dead_code, reason = "what it holds is given back when it is dropped")] OwnedSemaphorePermit,
);

/// Where somebody who comes is let in.
#[derive(Debug)]
pub enum Place {
    /// Inside.
    Inside(Seat),
    /// As far as the door, to be told that there is no seat.
    Door(Seat),
}

impl Room {
    /// For those who read the metrics: of the descriptors that are kept back.
    pub fn for_metrics() -> Self {
        Self::for_connections(FOR_METRICS)
    }

    /// What this process's limit of open files leaves.
    pub fn of_this_process() -> Self {
        let descriptors = open_files_limit().unwrap_or(UNKNOWN);
        let kept_back = (descriptors / 4).max(KEPT_BACK_LEAST);
        Self::for_connections(descriptors.saturating_sub(kept_back).max(1))
    }

    /// Room for so many.
    pub fn for_connections(connections: usize) -> Self {
        Self {
            seats: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))),
            door: Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE)),
            turned_away: Arc::default(),
        }
    }

    /// A seat, or where all are taken a place at the door, whichever is free first: at the door, too, there is room
    /// for a few, and nobody stands there for long.
    pub async fn place(&self) -> Place {
        // Neither is ever closed.
        let free = |places: &Arc<Semaphore>| {
            let places = places.clone();
            async move {
                match places.acquire_owned().await {
                    Ok(permit) => Seat(permit),
                    Err(_) => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            biased;
            seat = free(&self.seats) => Place::Inside(seat),
            door = free(&self.door) => Place::Door(door),
        }
    }

    /// Answers that there is no room.
    pub fn turn_away(&self, stream: TcpStream, door: Seat) {
        let before = self.turned_away.fetch_add(1, Ordering::Relaxed);
        if before.is_multiple_of(TOLD_EVERY) {
            tracing::warn!(before, "as many connections are open as may be: others are told to come again");
        }
        tokio::spawn(async move {
            // Whoever does not listen has ended it itself, and whoever goes on and on is hung up on.
            let _ = timeout(GOODBYE, say_goodbye(stream)).await;
            drop(door);
        });
    }
}

/// The answer, and then what the client sends is read: to hang up on that would take the answer away again.
async fn say_goodbye(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(busy_answer().as_bytes()).await?;
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    let mut patience = GOODBYE;
    while timeout(patience, stream.read(&mut unread)).await?? > 0 {
        patience = BETWEEN_PIECES;
    }
    Ok(())
}

fn busy_answer() -> String {
    let detail = "The service has as many connections as it can have; try again soon.".to_owned();
    let request_id = RandomIds::new().request_id();
    let problem = problem_of(ErrorCode::Unavailable, detail);
    let problem = Problem { request_id: Some(request_id.clone()), ..problem };
    let body = serde_json::to_string(&problem).unwrap_or_default();
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 2\r\n\
         x-request-id: {request_id}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Asks for as many open files as this process may have. Systems begin with few, for the sake of programs that
/// could not count further; this one can.
pub fn raise_open_files_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if limit.current != limit.maximum
            && let Err(error) = setrlimit(Resource::Nofile, raised)
        {
            tracing::info!(%error, "the limit of open files stays as it is");
        }
    }
}

/// How many files this process may have open at once; `None` where that is not limited or not known.
fn open_files_limit() -> Option<usize> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok())
    }
    #[cfg(not(unix))]
    None
}

//! How many connections there is room for. Each takes a file descriptor, of which the system gives a process only
//! so many; when they run out, nothing works any more: no database, no store, no file. So some are kept back, and
//! whoever comes when the others are taken is told to come again. Nor may one place in the network take all there is:
//! the last quarter is for those who have few, and nobody waits for what a crowd from elsewhere does.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tower::util::MapRequest;

use super::HEAD_BYTES;
use crate::api::busy::Busy;
use crate::domain::client_address::{AddressBlock, TrustedProxies};
use crate::shares::{Share, Shares, has_its_share};

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
    capacity: usize,
    /// How many each place in the network has.
    shares: Shares<AddressBlock>,
    /// Who speaks for many places, and may have as many as there are.
    proxies: Arc<TrustedProxies>,
    door: Arc<Semaphore>,
    turned_away: Arc<AtomicU64>,
    had_their_share: Arc<AtomicU64>,
}

/// Room for one connection, until dropped.
#[derive(Debug)]
pub struct Seat {
    #[expect(dead_code, reason = "what it holds is given back when it is dropped")]
    share: Share<AddressBlock>,
    #[expect(dead_code, reason = "what it holds is given back when it is dropped")]
    permit: OwnedSemaphorePermit,
}

/// Room at the door, until dropped.
#[derive(Debug)]
pub struct Door {
    why: Busy,
    from: AddressBlock,
    #[expect(dead_code, reason = "what it holds is given back when it is dropped")]
    permit: OwnedSemaphorePermit,
}

/// Where somebody who comes is let in.
#[derive(Debug)]
pub enum Place {
    /// Inside.
    Inside(Seat),
    /// As far as the door, to be told that there is no seat.
    Door(Door),
    /// Not even that.
    Outside,
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
        let capacity = connections.min(Semaphore::MAX_PERMITS);
        Self {
            seats: Arc::new(Semaphore::new(capacity)),
            capacity,
            shares: Shares::default(),
            proxies: Arc::default(),
            door: Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE)),
            turned_away: Arc::default(),
            had_their_share: Arc::default(),
        }
    }

    /// The same behind these proxies.
    pub fn behind(self, proxies: TrustedProxies) -> Self {
        Self { proxies: Arc::new(proxies), ..self }
    }

    /// Whether who comes from there is one of the proxies.
    pub fn is_proxy(&self, from: IpAddr) -> bool {
        self.proxies.contain(from)
    }

    /// A seat for somebody from there, or where all are taken a place at the door, whichever is free first: at the
    /// door, too, there is room for a few, and nobody stands there for long. For whoever has its share nobody waits:
    /// there may be seats for those who come next.
    pub async fn place(&self, from: IpAddr) -> Place {
        let place = AddressBlock::from(from);
        if !self.is_proxy(from) && self.has_its_share(place) {
            return match self.door.clone().try_acquire_owned() {
                Ok(permit) => Place::Door(Door { why: Busy::HasItsShare, from: place, permit }),
                Err(_) => Place::Outside,
            };
        }
        tokio::select! {
            biased;
            permit = free(&self.seats) => Place::Inside(Seat { share: self.shares.take(place), permit }),
            permit = free(&self.door) => Place::Door(Door { why: Busy::Full, from: place, permit }),
        }
    }

    /// Whether what is left is for others.
    fn has_its_share(&self, place: AddressBlock) -> bool {
        has_its_share(self.capacity, self.seats.available_permits(), self.shares.of(&place))
    }

    /// Answers that there is no room.
    pub fn turn_away(&self, stream: TcpStream, door: Door, busy: Router) {
        let turned_away = match door.why {
            Busy::Full => &self.turned_away,
            Busy::HasItsShare => &self.had_their_share,
        };
        let before = turned_away.fetch_add(1, Ordering::Relaxed);
        if before.is_multiple_of(TOLD_EVERY) {
            match door.why {
                Busy::Full => {
                    tracing::warn!(
                        before,
                        "as many connections are open as may be: others are told to come again"
                    );
                }
                Busy::HasItsShare => tracing::warn!(
                    before,
                    from = %door.from,
                    "three quarters of all connections are open, and this address has as many as one may have then. \
                     A proxy of yours may have all: name it in WINDLASS_TRUSTED_PROXIES"
                ),
            }
        }
        tokio::spawn(async move {
            // Whoever does not listen has ended it itself, and whoever goes on and on is hung up on.
            let _ = timeout(GOODBYE, say_goodbye(stream, door.why, busy)).await;
            drop(door);
        });
    }
}

/// One of these, once one is free. They are never closed.
async fn free(permits: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    match permits.clone().acquire_owned().await {
        Ok(permit) => permit,
        Err(_) => std::future::pending().await,
    }
}

/// The answer to one request, and then what the client still sends is read: to hang up on that would take the answer
/// away again.
async fn say_goodbye(stream: TcpStream, why: Busy, busy: Router) -> Result<(), Box<dyn Error + Send + Sync>> {
    let service = TowerToHyperService::new(MapRequest::new(busy, move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(why);
        request
    }));
    let mut builder = http1::Builder::new();
    builder.keep_alive(false).max_buf_size(HEAD_BYTES);
    let answered = builder.serve_connection(TokioIo::new(stream), service).without_shutdown().await?;
    let mut stream = answered.io.into_inner();
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    let mut patience = GOODBYE;
    while timeout(patience, stream.read(&mut unread)).await?? > 0 {
        patience = BETWEEN_PIECES;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Comes from an address until there is no seat for it.
    async fn sit(room: &Room, from: &str) -> Vec<Seat> {
        let mut seats = Vec::new();
        while let Place::Inside(seat) = room.place(from.parse().unwrap()).await {
            seats.push(seat);
        }
        seats
    }

    #[tokio::test]
    async fn one_place_in_the_network_leaves_the_last_quarter_to_others() {
        let room = Room::for_connections(64);
        let mut crowd = sit(&room, "2001:db8:1:2::1").await;
        assert_eq!(crowd.len(), 48);
        assert_eq!(sit(&room, "2001:db8:1:2:ffff::9").await.len(), 0, "one network is one place");
        let others = [sit(&room, "192.0.2.1").await, sit(&room, "2001:db8:1:3::1").await];
        assert_eq!(others.each_ref().map(Vec::len), [2, 2], "each has few");
        crowd.truncate(40);
        assert_eq!(sit(&room, "192.0.2.1").await.len(), 4, "there is more than the last quarter again");
        drop((crowd, others));
        assert_eq!(sit(&room, "2001:db8:1:2::1").await.len(), 48, "what was given back counts no more");
        assert_eq!(room.shares.taken(), 0);
    }

    #[tokio::test]
    async fn nobody_waits_behind_one_who_has_its_share_and_goes_on_and_on() {
        let room = Room::for_connections(64);
        let greedy = "192.0.2.1";
        let _crowd = sit(&room, greedy).await;
        let mut doors = Vec::new();
        let outside = async {
            loop {
                match room.place(greedy.parse().unwrap()).await {
                    Place::Door(door) => doors.push(door),
                    place => break place,
                }
            }
        };
        let outside = timeout(GOODBYE, outside).await.expect("it is not waited for");
        assert!(matches!(outside, Place::Outside), "{outside:?}");
        let other = timeout(GOODBYE, room.place("198.51.100.1".parse().unwrap())).await;
        assert!(matches!(other, Ok(Place::Inside(_))), "{other:?}");
        assert_eq!(doors.len(), TURNED_AWAY_AT_ONCE);
        assert!(doors.iter().all(|door| door.why == Busy::HasItsShare));
    }

    #[tokio::test]
    async fn a_proxy_of_ours_speaks_for_many_and_may_have_every_seat() {
        let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]);
        let room = Room::for_connections(64).behind(proxies);
        assert_eq!(sit(&room, "10.1.2.3").await.len(), 64);
    }
}

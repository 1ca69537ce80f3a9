//! The HTTP server: accepts connections as long as there is room for them, gives slow senders little time, and
//! lets open requests end when it is told to stop.

mod room;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::util::MapRequest;

pub use self::room::raise_open_files_limit;
use self::room::{Place, Room, Seat};
use crate::api::busy;
use crate::api::cors::AllowedOrigins;
use crate::api::rates::Peer;
use crate::domain::client_address::TrustedProxies;

/// How large a request's head may be: a token takes a few KiB of it. Nor is more of a body kept in memory at once.
const HEAD_BYTES: usize = 64 * 1024;
/// How long a client may take to send a request's head, and its connection may wait for the next request.
const HEAD_LIMIT: Duration = Duration::from_secs(15);
/// How long a connection of a proxy of ours may: longer than most proxies keep those that nobody uses (nginx a minute, Caddy
/// two, Google's load balancers ten), so that none sends a request just as it is hung up on. A proxy of HTTP sends heads at
/// once, however slowly they came.
const PROXY_IDLE_LIMIT: Duration = Duration::from_secs(620);
/// How long a client may take no byte of an answer: one that watches events and does not read, or is gone.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// How long open requests may take to end once the service stops.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);
/// A pause when the process is out of file descriptors, so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until told to stop, and then until open requests have ended, but not for ever. Connections from `proxies`
/// stand for those of many. Whoever finds no room is answered by `busy`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    busy: Router,
    proxies: TrustedProxies,
    stop: CancellationToken,
) {
    serve_within(listener, router, busy, stop, Room::of_this_process().behind(proxies)).await;
}

/// The same for the metrics, which few ask for: they have room of their own, however crowded the service is.
pub async fn serve_metrics(listener: TcpListener, router: Router, stop: CancellationToken) {
    let busy = busy::router(&AllowedOrigins::Exactly(Vec::new()));
    serve_within(listener, router, busy, stop, Room::for_metrics()).await;
}

async fn serve_within(
    listener: TcpListener,
    router: Router,
    busy: Router,
    stop: CancellationToken,
    room: Room,
) {
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => tokio::select! {
                () = stop.cancelled() => break,
                place = room.place(peer.ip()) => match place {
                    Place::Inside(seat) => {
                        let head_limit = if room.is_proxy(peer.ip()) { PROXY_IDLE_LIMIT } else { HEAD_LIMIT };
                        serve_connection(stream, peer, router.clone(), &graceful, seat, head_limit);
                    }
                    Place::Door(door) => room.turn_away(stream, door, busy.clone()),
                    Place::Outside => drop(stream),
                },
            },
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_LIMIT, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests still open after {} seconds were cut off", DRAIN_LIMIT.as_secs());
    }
}

fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    graceful: &GracefulShutdown,
    seat: Seat,
    head_limit: Duration,
) {
    // Answers are small and wanted at once.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    // HTTP/1 alone: to tell HTTP/2 from it, one would first wait, for ever, for what a client says.
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head_limit);
    builder.max_header_size(HEAD_BYTES).max_buf_size(HEAD_BYTES);
    let service = TowerToHyperService::new(MapRequest::new(router, move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip()));
        request
    }));
    let mut stream = Box::pin(TimeoutStream::new(stream));
    stream.as_mut().set_write_timeout_pinned(Some(WRITE_LIMIT));
    let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
        drop(seat);
    });
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    fn busy() -> Router {
        busy::router(&AllowedOrigins::Exactly(vec!["https://good.com".parse().unwrap()]))
    }

    const TEST_LIMIT: Duration = Duration::from_secs(60);

    /// Over after a minute of real time, which goes on where tokio's stands still and jumps.
    fn real_minute() -> tokio::sync::oneshot::Receiver<()> {
        let (over, receiver) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            std::thread::sleep(TEST_LIMIT);
            let _ = over.send(());
        });
        receiver
    }

    // Time jumps to the server's own limit whenever a socket is waited for: a limit of the test's would be reached too.
    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_ends_its_head_is_hung_up_on() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (proxies, stop) = (TrustedProxies::default(), CancellationToken::new());
        tokio::spawn(serve(listener, Router::new(), Router::new(), proxies, stop));
        for opening in ["", "P", "PRI * HTTP/2.0\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\n"] {
            let begun = tokio::time::Instant::now();
            let mut client = TcpStream::connect(address).await.unwrap();
            // It may be hung up on by then.
            let _ = client.write_all(opening.as_bytes()).await;
            let mut answer = Vec::new();
            tokio::select! {
                _ = client.read_to_end(&mut answer) => {}
                _ = real_minute() => panic!("{opening:?} holds its connection"),
            }
            assert!(begun.elapsed() < 4 * HEAD_LIMIT, "{opening:?} holds it for {:?}", begun.elapsed());
        }
    }

    #[tokio::test]
    async fn a_connection_that_nobody_uses_is_kept_for_a_proxy_alone() {
        for (proxy, is_kept) in [("127.0.0.1/32", true), ("10.0.0.0/8", false)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let router = Router::new().fallback(|| async { "hello" });
            let proxies = TrustedProxies(vec![proxy.parse().unwrap()]);
            tokio::spawn(serve(listener, router, busy(), proxies, CancellationToken::new()));
            let mut client = TcpStream::connect(address).await.unwrap();
            let mut answer = Vec::new();
            client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            while !answer.ends_with(b"hello") {
                assert!(client.read_buf(&mut answer).await.unwrap() > 0);
            }
            // Time jumps while nothing is on its way, and there alone.
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(600)).await;
            tokio::time::resume();
            if is_kept {
                client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            }
            let read = tokio::time::timeout(TEST_LIMIT, client.read_buf(&mut answer)).await;
            assert_eq!(read.expect("neither answered nor hung up on").unwrap_or(0) > 0, is_kept);
        }
    }

    /// What this sent on a connection of its own is answered with.
    async fn answer_to(request: &[u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(|| async { "hello" });
        tokio::spawn(serve(listener, router, busy(), TrustedProxies::default(), CancellationToken::new()));
        let (mut from, mut to) = TcpStream::connect(address).await.unwrap().into_split();
        let (sent, answer) = tokio::join!(
            async {
                // It may be hung up on before all is sent.
                let _ = to.write_all(request).await;
            },
            async {
                let mut answer = vec![0; 256];
                let length = tokio::time::timeout(TEST_LIMIT, from.read(&mut answer)).await.unwrap().unwrap();
                String::from_utf8_lossy(&answer[..length]).into_owned()
            }
        );
        let () = sent;
        answer
    }

    #[tokio::test]
    async fn a_head_has_room_for_a_large_token_and_no_more_than_64_kib() {
        let with = |size: usize| {
            let token = "x".repeat(size);
            format!("GET / HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n")
        };
        assert!(answer_to(with(60 * 1024).as_bytes()).await.starts_with("HTTP/1.1 200 "));
        for size in [66 * 1024, 400 * 1024] {
            let answer = answer_to(with(size).as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 431 "), "{size}: {answer}");
        }
        // Nor is the end of it waited for.
        let endless = [b"GET / HTTP/1.1\r\na: ".as_slice(), "x".repeat(70 * 1024).as_bytes()].concat();
        assert!(answer_to(&endless).await.starts_with("HTTP/1.1 431 "));
    }

    #[tokio::test]
    async fn a_head_of_more_than_a_hundred_lines_or_that_is_none_is_refused() {
        let of = |lines: usize| {
            let lines: String = (0..lines).map(|line| format!("a{line}: b\r\n")).collect();
            format!("GET / HTTP/1.1\r\n{lines}\r\n")
        };
        assert!(answer_to(of(100).as_bytes()).await.starts_with("HTTP/1.1 200 "));
        let refused = answer_to(of(101).as_bytes()).await;
        assert!(refused.starts_with("HTTP/1.1 431 "), "{refused}");
        for malformed in
            ["GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\na b: c\r\n\r\n", "\x16\x03\x01\0"]
        {
            let answer = answer_to(malformed.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{malformed:?}: {answer}");
            assert!(answer.contains("content-length: 0"), "as docs/errors.md says: {answer}");
        }
    }

    #[tokio::test]
    async fn who_comes_when_there_is_no_room_is_told_to_come_again_and_gets_in_later() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", axum::routing::get(|| async { "hello" }));
        tokio::spawn(serve_within(
            listener,
            router,
            busy(),
            CancellationToken::new(),
            Room::for_connections(1),
        ));
        let ask = async |request: &str| {
            let mut client = TcpStream::connect(address).await.unwrap();
            client
                .write_all(format!("{request}\r\nhost: a\r\nconnection: close\r\n\r\n").as_bytes())
                .await
                .unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        first.read_u8().await.unwrap();
        let answer = ask("GET / HTTP/1.1").await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        for line in [
            "retry-after: 2",
            "connection: close",
            "content-type: application/problem+json",
            "x-request-id: ",
        ] {
            assert!(answer.contains(line), "{line} is not in {answer}");
        }
        assert!(answer.contains("\"code\":\"unavailable\""), "{answer}");
        assert!(!answer.contains("access-control-allow-origin"), "{answer}");
        let of_a_page = ask("GET /api HTTP/1.1\r\norigin: https://good.com").await;
        assert!(of_a_page.starts_with("HTTP/1.1 503 "), "{of_a_page}");
        assert!(of_a_page.contains("access-control-allow-origin: https://good.com"), "{of_a_page}");
        assert!(of_a_page.contains("access-control-expose-headers: allow,etag,retry-after"), "{of_a_page}");
        let preflight = "OPTIONS /api HTTP/1.1\r\norigin: https://good.com\r\naccess-control-request-method: POST\r\n\
            access-control-request-headers: authorization";
        let leave = ask(preflight).await;
        assert!(leave.starts_with("HTTP/1.1 200 "), "else the page could not read what follows: {leave}");
        assert!(leave.contains("access-control-allow-headers: authorization"), "{leave}");
        let of_another = ask("GET /api HTTP/1.1\r\norigin: https://evil.com").await;
        assert!(!of_another.contains("access-control-allow-origin"), "{of_another}");
        drop(first);
        // The server notices that in its own time.
        let served = tokio::time::timeout(TEST_LIMIT, async {
            while !ask("GET / HTTP/1.1").await.ends_with("hello") {}
        });
        assert!(served.await.is_ok(), "the seat is not free again");
    }

    #[tokio::test]
    async fn who_stands_at_the_door_and_talks_on_and_on_keeps_nobody_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", axum::routing::get(|| async { "hello" }));
        tokio::spawn(serve_within(
            listener,
            router,
            busy(),
            CancellationToken::new(),
            Room::for_connections(1),
        ));
        let seated = TcpStream::connect(address).await.unwrap();
        // More than there is room for at the door, each with one more byte before patience with it ends.
        let mut talkers = tokio::task::JoinSet::new();
        for _ in 0..60 {
            let mut talker = TcpStream::connect(address).await.unwrap();
            talkers.spawn(async move {
                let mut pause = tokio::time::interval(Duration::from_millis(40));
                while talker.write_all(b"x").await.is_ok() {
                    pause.tick().await;
                }
            });
        }
        let hung_up_on =
            tokio::time::timeout(TEST_LIMIT, async { while talkers.join_next().await.is_some() {} });
        assert!(hung_up_on.await.is_ok(), "somebody may stand at the door for ever");
        drop(seated);
    }
}

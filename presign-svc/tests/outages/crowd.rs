//! More connections than the process may have descriptors.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures::future::join_all;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::required::cannot_run;
use crate::service::{Served, WINDLASS, program, serve};

/// How many come, where this process may have so many open itself.
const CROWD: usize = 5000;
const DESCRIPTORS: &str = "256";
/// Whoever is turned away has so long to say what it wants.
const AT_THE_DOOR: Duration = Duration::from_secs(2);

#[tokio::test]
async fn f46_with_256_descriptors_a_crowd_is_told_to_come_again_and_then_everybody_is_served() {
    let crowd = allowed_crowd();
    let data = tempfile::tempdir().unwrap();
    let mut command = program("prlimit");
    command.arg(format!("--nofile={DESCRIPTORS}:{DESCRIPTORS}")).arg(WINDLASS).args(serve(data.path()));
    let mut service = Served::start(command);
    service.announce_at_last("before").await;

    let visits = join_all((0..crowd).map(|number| visit(&service.api, number))).await;
    let (mut served, mut sent_away, mut silent) = (Vec::new(), 0, 0);
    for visit in visits {
        match visit {
            Visit::Served(connection) => served.push(connection),
            Visit::ToldToComeAgain => sent_away += 1,
            Visit::SaidNothing => silent += 1,
        }
    }
    assert_eq!(served.len() + sent_away + silent, crowd);
    assert!(served.len() > 100, "only {} were served", served.len());
    assert!(sent_away > 0, "all were served with so few descriptors");
    service.check_health();

    drop(served);
    service.announce_at_last("after").await;
    service.check_health();
}

/// What came of a connection.
enum Visit {
    /// It was answered, and is kept open.
    Served(TcpStream),
    /// 503 with `Retry-After`.
    ToldToComeAgain,
    /// It stood at the door without a word for so long that it was hung up on: this process is slow.
    SaidNothing,
}

/// Each is somebody else, from an address of their own: of one that comes with a crowd most would be hung up on.
async fn visit(api: &str, number: usize) -> Visit {
    let [.., high, low] = number.to_be_bytes();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 77, high, low], 0))).unwrap();
    let service = api.strip_prefix("http://").unwrap().parse().unwrap();
    let came = Instant::now();
    let mut connection = socket.connect(service).await.unwrap();
    connection.write_all(b"GET /healthz HTTP/1.1\r\nhost: crowd\r\n\r\n").await.unwrap();
    let said_something = came.elapsed();
    let mut answer = vec![0; 4096];
    let read = match connection.read(&mut answer).await {
        // What it said at last was on its way when it was hung up on.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
        read => read.unwrap(),
    };
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    if answer.starts_with("HTTP/1.1 200 ") {
        return Visit::Served(connection);
    }
    if answer.is_empty() && said_something > AT_THE_DOOR / 2 {
        return Visit::SaidNothing;
    }
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: "), "{answer:?}");
    Visit::ToldToComeAgain
}

/// Two for each: the test's end and, while it is new, the kernel's.
fn allowed_crowd() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let crowd = CROWD.min(usize::try_from(allowed).unwrap_or(usize::MAX).saturating_sub(100));
    if crowd < CROWD {
        cannot_run(&format!("all but {crowd} of the crowd: this system lets a process open no more files"));
    }
    crowd
}

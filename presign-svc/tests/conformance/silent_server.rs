//! A PostgreSQL server that vanishes without a word, as when another takes over its address: nobody says that the
//! connections to it are dead. Those who wait are told, and the next ones get new connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join3;
use time::macros::datetime;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use tokio_util::sync::CancellationToken;
use windlass_presign_svc::adapters::postgres::PostgresDatabase;
use windlass_presign_svc::domain::quota::Allowance;
use windlass_presign_svc::domain::rate::Rate;
use windlass_presign_svc::ports::rate_limiter::{BucketKey, Draw, RateLimiter as _};
use windlass_presign_svc::ports::uploads::UploadRepository as _;

use crate::uploads::upload;

/// Longer than a request waits for an answer.
const LIMIT: Duration = Duration::from_secs(30);

/// Passes connections on to a server; those that are open when it falls silent stay open, and say no more.
struct Forwarder {
    port: u16,
    silence: Arc<std::sync::Mutex<CancellationToken>>,
}

impl Forwarder {
    /// To a socket in a folder, as `host=` names it.
    async fn start(folder: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let silence = Arc::new(std::sync::Mutex::new(CancellationToken::new()));
        let heeded = silence.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (silence, path) = (heeded.lock().unwrap().clone(), format!("{folder}/.s.PGSQL.5432"));
                tokio::spawn(async move {
                    let mut server = UnixStream::connect(path).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        () = silence.cancelled() => std::future::pending().await,
                    }
                });
            }
        });
        Self { port, silence }
    }

    fn fall_silent(&self) {
        std::mem::take(&mut *self.silence.lock().unwrap()).cancel();
    }
}

#[tokio::test]
async fn a_server_that_vanishes_without_a_word_stops_nobody_for_long() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let (address, folder) = url.split_once("?host=").unwrap();
    let forwarder = Forwarder::start(folder.to_owned()).await;
    let url = address.replace("@localhost", &format!("@127.0.0.1:{}", forwarder.port));
    let database = PostgresDatabase::connect(&url, 4).await.unwrap();
    let unlimited = Allowance::default();
    database.insert(vec![upload("before")], &unlimited).await.unwrap();
    forwarder.fall_silent();

    let bucket = BucketKey::of_subject(&"acme".parse().unwrap(), "ann");
    let draws = [Draw { bucket, rate: Rate::per_minute(60), cost: 1 }];
    let now = datetime!(2026-11-21 12:00 UTC);
    let began = Instant::now();
    let (one, other, drawn) = join3(
        database.insert(vec![upload("one")], &unlimited),
        database.insert(vec![upload("other")], &unlimited),
        database.take(&draws, now),
    )
    .await;
    let told = [one.is_err(), other.is_err(), drawn.is_err()];
    assert!(told.contains(&true), "some of them were on a connection that died: {told:?}");
    while database.insert(vec![upload("after")], &unlimited).await.is_err()
        || database.take(&draws, now).await.is_err()
    {
        assert!(began.elapsed() < LIMIT, "it does not recover");
    }
}

//! A PostgreSQL server that vanishes without a word, as when another takes over its address: nobody says that the
//! connections to it are dead. Those who wait are told, and the next ones get new connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join3;
use sqlx::{Connection as _, Executor as _, PgConnection};
use time::macros::datetime;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use windlass_presign_svc::adapters::postgres::PostgresDatabase;
use windlass_presign_svc::domain::quota::Allowance;
use windlass_presign_svc::domain::rate::Rate;
use windlass_presign_svc::domain::upload::Upload;
use windlass_presign_svc::ports::events::{EventLog as _, Heard};
use windlass_presign_svc::ports::rate_limiter::{BucketKey, Draw, RateLimiter as _};
use windlass_presign_svc::ports::uploads::{RepositoryError, RepositoryResult, UploadRepository as _};

use crate::uploads::{HOUR, NOON, upload};

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

/// A database behind a forwarder, with an upload in it, and connections that have been used.
async fn database() -> Option<(PostgresDatabase, Forwarder, Upload)> {
    let url = crate::postgres_server::new_database()?;
    through_forwarder(&url).await.into()
}

/// With so many connections at most, one of which listens.
async fn connect(url: &str, connections: u32) -> (PostgresDatabase, Forwarder) {
    let (address, folder) = url.split_once("?host=").unwrap();
    let forwarder = Forwarder::start(folder.to_owned()).await;
    let url = address.replace("@localhost", &format!("@127.0.0.1:{}", forwarder.port));
    (PostgresDatabase::connect(&url, connections).await.unwrap(), forwarder)
}

async fn through_forwarder(url: &str) -> (PostgresDatabase, Forwarder, Upload) {
    let (database, forwarder) = connect(url, 5).await;
    let before = upload("before");
    database.insert(vec![before.clone()], &Allowance::default()).await.unwrap();
    let tenant = before.facts().tenant.clone();
    let find = || database.find(&tenant, before.id());
    let (a, b, c) = join3(find(), find(), find()).await;
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    (database, forwarder, before)
}

/// Asks until there is an answer; a question that is not answered ends, too.
async fn until_answered<T, F: Future<Output = RepositoryResult<T>>>(what: &str, ask: impl Fn() -> F) {
    let asking = async { while ask().await.is_err() {} };
    assert!(timeout(LIMIT, asking).await.is_ok(), "{what}: it does not recover");
}

#[tokio::test]
async fn whoever_reads_or_saves_when_the_server_vanishes_is_told_and_served_again() {
    let Some((database, forwarder, before)) = database().await else { return };
    let (tenant, ids) = (before.facts().tenant.clone(), [before.id()]);
    forwarder.fall_silent();
    let save = async || {
        let mut upload = database.find(&tenant, before.id()).await?.unwrap();
        upload.delete(NOON, HOUR);
        match database.save(&mut upload).await {
            // What was given up may have been done.
            Err(RepositoryError::Stale) => Ok(()),
            saved => saved,
        }
    };
    join3(
        until_answered("one", || database.find(&tenant, before.id())),
        until_answered("several", || database.find_many(&tenant, &ids)),
        until_answered("due", || database.due_for_cleanup(NOON, 10)),
    )
    .await;
    forwarder.fall_silent();
    let saving = async { while save().await.is_err() {} };
    assert!(timeout(LIMIT, saving).await.is_ok(), "save: it does not recover");
}

#[tokio::test]
async fn a_connection_that_goes_back_just_as_the_server_vanishes_does_not_keep_its_place() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let (database, forwarder) = connect(&url, 2).await;
    let upload = upload("any");
    let find = || database.find(&upload.facts().tenant, upload.id());
    assert_eq!(find().await.unwrap(), None);
    // Nothing else has run since then: the pool has not asked yet whether it is well.
    forwarder.fall_silent();
    until_answered("the only connection", find).await;
}

#[tokio::test]
async fn a_service_can_stop_when_its_database_has_vanished() {
    let Some((database, forwarder, before)) = database().await else { return };
    forwarder.fall_silent();
    let tenant = before.facts().tenant.clone();
    let asked = database.clone();
    let asking = tokio::spawn(async move { asked.find(&tenant, before.id()).await });
    tokio::task::yield_now().await;
    assert!(timeout(LIMIT, database.close()).await.is_ok(), "it waits for a server that is not there");
    asking.abort();
}

#[tokio::test]
async fn news_are_heard_again_after_a_silence_that_nobody_announced() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let (database, forwarder, _) = through_forwarder(&url).await;
    let mut direct = PgConnection::connect(&url).await.unwrap();
    let mut heard = database.listen();
    let is_listening = async {
        loop {
            direct.execute("SELECT pg_notify('windlass_news', 'acme/job-7')").await.unwrap();
            let soon = timeout(Duration::from_millis(100), heard.recv()).await;
            if matches!(soon, Ok(Ok(Heard::Project(..)))) {
                break;
            }
        }
    };
    timeout(LIMIT, is_listening).await.unwrap();
    forwarder.fall_silent();
    let again = async { while !matches!(heard.recv().await, Ok(Heard::Anything)) {} };
    assert!(timeout(2 * LIMIT, again).await.is_ok(), "nobody listens any more");
}

#[tokio::test]
async fn a_server_that_vanishes_without_a_word_stops_nobody_for_long() {
    let Some((database, forwarder, _)) = database().await else { return };
    let unlimited = Allowance::default();
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

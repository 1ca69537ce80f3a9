//! News told to all instances, by LISTEN and NOTIFY.
//!
//! A notification is sent after the commit it tells of, and for many commits at once: sent within a
//! transaction it would make all of those wait for each other at their commit. What is lost, because an
//! instance died in between, is found when streams look at the record anyway.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::Executor as _;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use tokio::sync::{broadcast, mpsc};
use tokio::time::{sleep, timeout};
use windlass_protocol::{ProjectId, TenantId};

use super::bounded::BoundedPool;
use crate::ports::events::Heard;

const CHANNEL: &str = "windlass_news";
/// How many projects with news may wait; those beyond are found a little later.
const QUEUE: usize = 4096;
/// How many projects one statement tells of.
const GROUP: usize = 256;
/// After so long without news the server is asked whether it is still there: one that vanished says nothing either.
const SILENCE: Duration = Duration::from_secs(30);
/// How long it has for an answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How soon a lost connection is tried again.
const RECONNECT: Duration = Duration::from_secs(1);

// Nothing of it has to survive: who misses it looks into the record.
const NOTIFY: &str = "SELECT pg_notify('windlass_news', project) FROM UNNEST($1::text[]) AS news (project)";

/// A handle to the one who tells.
#[derive(Debug, Clone)]
pub(super) struct Announcements {
    news: mpsc::Sender<String>,
    heard: broadcast::Sender<Heard>,
}

impl Announcements {
    /// Starts telling by this pool, and listening on a connection of its own, for as long as the pool is open.
    pub(super) fn start(pool: PgPool, options: PgConnectOptions, heard: broadcast::Sender<Heard>) -> Self {
        let (news, queue) = mpsc::channel(QUEUE);
        tokio::spawn(tell(BoundedPool::of(pool.clone()), queue));
        tokio::spawn(listen(pool, options, heard.clone()));
        Self { news, heard }
    }

    /// There are news in a project, committed.
    pub(super) fn tell(&self, tenant: &TenantId, project: &ProjectId) {
        // Where too many wait, those who watch find it when they look anyway.
        let _ = self.news.try_send(payload(tenant, project));
    }

    pub(super) fn listen(&self) -> broadcast::Receiver<Heard> {
        self.heard.subscribe()
    }
}

async fn tell(pool: BoundedPool, mut queue: mpsc::Receiver<String>) {
    let mut waiting = Vec::new();
    while queue.recv_many(&mut waiting, GROUP).await > 0 {
        let projects: Vec<String> = waiting.drain(..).collect::<BTreeSet<_>>().into_iter().collect();
        if let Err(error) = sqlx::query(NOTIFY).bind(projects).execute(&pool).await {
            if pool.is_closed() {
                return;
            }
            tracing::warn!(%error, "other instances hear of news a little later");
        }
    }
}

async fn listen(pool: PgPool, options: PgConnectOptions, heard: broadcast::Sender<Heard>) {
    let listening = async {
        loop {
            if let Err(error) = pass_on(&options, &heard).await {
                tracing::warn!(%error, "news of other instances come a little later");
            }
            sleep(RECONNECT).await;
        }
    };
    tokio::select! {
        () = pool.close_event() => {}
        () = listening => {}
    }
}

/// Passes on what is heard, until the connection is lost. That is in no pool which anybody else uses: the driver takes
/// leave of the server on it without a limit, and the place in the pool would be gone for as long.
async fn pass_on(options: &PgConnectOptions, heard: &broadcast::Sender<Heard>) -> sqlx::Result<()> {
    let own = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let own = own.acquire_timeout(ANSWER).connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&own).await?;
    within_reason(listener.listen(CHANNEL)).await?;
    loop {
        // Nobody was listening until now.
        let _ = heard.send(Heard::Anything);
        loop {
            let Ok(received) = timeout(SILENCE, listener.try_recv()).await else {
                within_reason(listener.execute("SELECT 1")).await?;
                continue;
            };
            // The connection was lost, and is there again.
            let Some(notification) = received? else { break };
            if let Some(news) = read(notification.payload()) {
                // Nobody watches any project: nothing to pass on.
                let _ = heard.send(news);
            }
        }
    }
}

async fn within_reason<T>(answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    timeout(ANSWER, answer)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
}

/// Neither id can hold a slash.
fn payload(tenant: &TenantId, project: &ProjectId) -> String {
    format!("{tenant}/{project}")
}

fn read(payload: &str) -> Option<Heard> {
    let (tenant, project) = payload.split_once('/')?;
    Some(Heard::Project(tenant.parse().ok()?, project.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_what_is_heard_and_anything_else_is_not() {
        let (tenant, project) = ("acme".parse().unwrap(), "job-7".parse().unwrap());
        assert_eq!(read(&payload(&tenant, &project)), Some(Heard::Project(tenant, project)));
        for foreign in ["", "acme", "acme/", "a/b/c", "../x"] {
            assert_eq!(read(foreign), None, "{foreign}");
        }
    }
}

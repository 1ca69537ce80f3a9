//! The connection to Redis: one, shared by all requests; looked after by a task of its own, so that no request
//! waits for a server that is away.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Client, Script};
use tokio::sync::Notify;

use super::{ANSWER_LIMIT, InvalidRedisUrl, probe};

/// How long to wait before a server that is away is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// A connection that may be away.
pub(super) struct Line {
    client: Client,
    name: String,
    state: Mutex<State>,
    /// Somebody found it broken.
    broken: Notify,
}

struct State {
    connection: Option<MultiplexedConnection>,
    /// Which connection it is: who finds an older one broken says nothing about this one.
    number: u64,
    /// Whether it was said that it is away.
    is_told: bool,
}

impl Line {
    /// To the server of an address, not connected yet.
    pub(super) fn to(url: &str) -> Result<Self, InvalidRedisUrl> {
        let client = Client::open(url).map_err(|_| InvalidRedisUrl)?;
        let name = format!("Redis on {}", client.get_connection_info().addr());
        let state = State { connection: None, number: 0, is_told: false };
        Ok(Self { client, name, state: Mutex::new(state), broken: Notify::new() })
    }

    /// What messages call the server.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The connection and its number, unless it is away.
    pub(super) fn connection(&self) -> Option<(MultiplexedConnection, u64)> {
        let state = self.state();
        state.connection.clone().map(|connection| (connection, state.number))
    }

    /// This connection does not answer.
    pub(super) fn lost(&self, number: u64, why: &str) {
        let mut state = self.state();
        if state.number == number && state.connection.take().is_some() {
            self.tell(&mut state, why);
            self.broken.notify_one();
        }
    }

    /// Connects, and says once if that fails.
    pub(super) async fn connect(&self, script: &Script) {
        match self.try_once(script).await {
            Ok(connection) => {
                let mut state = self.state();
                state.connection = Some(connection);
                state.number += 1;
                if std::mem::take(&mut state.is_told) {
                    tracing::info!("{} answers again: rate limits are shared", self.name);
                }
            }
            Err(why) => self.tell(&mut self.state(), &why),
        }
    }

    /// A connection that was tried.
    pub(super) async fn try_once(&self, script: &Script) -> Result<MultiplexedConnection, String> {
        let connecting =
            tokio::time::timeout(ANSWER_LIMIT, self.client.get_multiplexed_async_connection()).await;
        let mut connection = match connecting {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err(format!("no connection within {ANSWER_LIMIT:?}")),
        };
        probe(&mut connection, script).await?;
        Ok(connection)
    }

    /// Connects again whenever it is broken, for ever.
    pub(super) async fn keep(&self, script: &Script) {
        loop {
            while self.connection().is_none() {
                tokio::time::sleep(RETRY).await;
                self.connect(script).await;
            }
            self.broken.notified().await;
        }
    }

    fn tell(&self, state: &mut State, why: &str) {
        if !std::mem::replace(&mut state.is_told, true) {
            tracing::warn!(
                why,
                "{} does not answer: until it does, this instance keeps rate limits by itself",
                self.name
            );
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

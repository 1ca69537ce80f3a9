//! Questions that come while a few others are under way and then go together: a trip to the server, its locks and
//! its wait for the disk are shared.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

/// How many questions may wait.
const QUEUE: usize = 4096;
/// How many go together.
const GROUP: usize = 256;
/// Groups under way at once: while one waits for the disk, another is being worked on.
const AT_ONCE: usize = 2;
/// How long a question waits for its turn and its answer. What became of it after that is not known to whoever
/// asked.
const LIMIT: Duration = Duration::from_secs(10);

/// A question, and who waits for the answer.
pub(super) struct Asked<Q, A> {
    pub question: Q,
    reply: oneshot::Sender<A>,
}

impl<Q, A> Asked<Q, A> {
    /// Tells whoever waits.
    pub(super) fn answer(self, answer: A) {
        // Nobody listens where the request was given up.
        let _ = self.reply.send(answer);
    }
}

/// A handle to the queue.
pub(super) struct Groups<Q, A> {
    queue: mpsc::Sender<Asked<Q, A>>,
}

/// Nobody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAnswer {
    /// The database is closed.
    #[error("the database is closed")]
    Closed,
    /// It took too long.
    #[error("no answer of the database within {} seconds", LIMIT.as_secs())]
    TooLate,
}

impl<Q: Send + 'static, A: Send + 'static> Groups<Q, A> {
    /// Starts the one who empties the queue; `work` answers a group.
    pub(super) fn start<W, F>(work: W) -> Self
    where
        W: Fn(Vec<Asked<Q, A>>) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(waiting, work));
        Self { queue }
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask(&self, question: Q) -> Result<A, NoAnswer> {
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.queue.send(Asked { question, reply }).await.map_err(|_| NoAnswer::Closed)?;
            answer.await.map_err(|_| NoAnswer::Closed)
        };
        timeout(LIMIT, asked).await.unwrap_or(Err(NoAnswer::TooLate))
    }
}

async fn run<Q, A, W, F>(mut queue: mpsc::Receiver<Asked<Q, A>>, work: W)
where
    W: Fn(Vec<Asked<Q, A>>) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let free = Arc::new(Semaphore::new(AT_ONCE));
    let mut group = Vec::new();
    while let Ok(permit) = free.clone().acquire_owned().await {
        if queue.recv_many(&mut group, GROUP).await == 0 {
            return;
        }
        let work = work(std::mem::take(&mut group));
        tokio::spawn(async move {
            work.await;
            drop(permit);
        });
    }
}

impl<Q, A> Clone for Groups<Q, A> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<Q, A> fmt::Debug for Groups<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Groups").finish_non_exhaustive()
    }
}

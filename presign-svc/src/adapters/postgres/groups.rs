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
    /// Whether anybody still waits for the answer.
    fn is_awaited(&self) -> bool {
        !self.reply.is_closed()
    }

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
    /// The group was given up, and with it what became of the question.
    #[error("the database gave no answer")]
    Lost,
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
            answer.await.map_err(|_| NoAnswer::Lost)
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
        // Whoever has given up asks again: to do it now would be to do it twice.
        group.retain(Asked::is_awaited);
        if group.is_empty() {
            continue;
        }
        let work = work(std::mem::take(&mut group));
        tokio::spawn(async move {
            // A server that vanished without a word would keep a group, and so everybody, for ever.
            if timeout(LIMIT, work).await.is_err() {
                tracing::warn!("the database leaves a group of questions without an answer");
            }
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_done() {
        let done = Arc::new(Mutex::new(Vec::new()));
        let groups = Groups::start({
            let done = done.clone();
            move |group: Vec<Asked<u32, u32>>| {
                let done = done.clone();
                async move {
                    for asked in group {
                        let question = asked.question;
                        done.lock().unwrap().push(question);
                        asked.answer(question);
                    }
                }
            }
        });
        let mut given_up = Box::pin(groups.ask(1));
        assert!(futures::poll!(&mut given_up).is_pending(), "it is in the queue");
        drop(given_up);
        assert_eq!(groups.ask(2).await, Ok(2));
        assert_eq!(*done.lock().unwrap(), [2]);
    }
}

//! A bug met in one piece of work ends that piece, and not the job, which is there for everybody.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;

use super::NotFinished;

/// Works on one upload. A panic is a failure like others: what was held is given back, and the record says how far the
/// upload came.
pub(super) fn caught<T>(
    work: impl Future<Output = Result<T, NotFinished>>,
) -> impl Future<Output = Result<T, NotFinished>> {
    // No future of our own around it: that would be twice as large as the work, which is large.
    AssertUnwindSafe(work).catch_unwind().map(|done| {
        done.unwrap_or_else(|panic| Err(NotFinished::Panicked(words_of(panic.as_ref()).to_owned())))
    })
}

/// Does one round of a job.
pub(super) fn round(work: impl Future<Output = ()>) -> impl Future<Output = ()> {
    caught(work.map(Ok)).map(|done| {
        if let Err(error) = done {
            tracing::error!(%error, "a round of a job ended early; the next one comes in its time");
        }
    })
}

/// What a panic said.
pub fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_bug_ends_the_round_it_is_met_in_and_is_told() {
        round(async { panic!("in a statement") }).await;
        let met: Result<(), _> = caught(async { panic!("at upload {}", 7) }).await;
        assert_eq!(met.unwrap_err().to_string(), "a bug was met: at upload 7");
    }
}

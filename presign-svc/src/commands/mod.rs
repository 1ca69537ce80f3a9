//! The binary's subcommands, one file each.

mod app;
mod bucket;
pub mod doctor;
mod identity;
mod metrics;
pub mod migrate;
pub mod reconcile;
pub mod serve;
pub mod token;
pub mod work;

use tokio::task::{JoinError, JoinSet};

/// Waits until one of the tasks meets a bug: what it did nobody does any more, so the process is to be started anew. One
/// that ends well had no more to do.
async fn broken(tasks: &mut JoinSet<()>) -> JoinError {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            return error;
        }
    }
    std::future::pending().await
}

/// Waits for SIGTERM or ctrl-c.
async fn stop_signal() {
    let interrupted = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "ctrl-c cannot be heard");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::error!(%error, "SIGTERM cannot be heard");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_meets_a_bug_is_noticed_and_one_that_has_no_more_to_do_is_no_matter() {
        let mut tasks = JoinSet::new();
        tasks.spawn(async {});
        tasks.spawn(std::future::pending());
        let patience = std::time::Duration::from_millis(50);
        assert!(tokio::time::timeout(patience, broken(&mut tasks)).await.is_err());
        tasks.spawn(async { panic!("a bug") });
        assert!(broken(&mut tasks).await.is_panic());
    }
}

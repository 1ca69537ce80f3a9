//! The listener an operator's Prometheus asks, of whichever command is counted.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::bucket::listen;
use crate::app::App;
use crate::config::ServeOptions;
use crate::{metrics, server};

/// Answers it until the stop, among the tasks, where that is asked for; says where.
pub(super) async fn serve(
    options: &ServeOptions,
    app: &Arc<App>,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> Result<Option<SocketAddr>> {
    let Some(address) = options.http.metrics_addr else { return Ok(None) };
    let listener = listen(address, "--metrics-addr", "--metrics-addr").await?;
    let address = listener.local_addr()?;
    tasks.spawn(server::serve_metrics(listener, metrics::router(app.clone()), stop.clone()));
    Ok(Some(address))
}

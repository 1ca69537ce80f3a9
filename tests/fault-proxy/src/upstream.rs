//! One request to the upstream, on a connection of its own that ends with whoever asked.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response, header};
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

/// An error of any kind, as bodies have it.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Ends the connection to the upstream when it is dropped.
#[derive(Debug)]
pub(crate) struct Guard(AbortHandle);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Passes a request on. The answer flows for as long as the guard is kept.
pub(crate) async fn send<B>(
    upstream: &str,
    request: Request<B>,
) -> Result<(Response<Incoming>, Guard), BoxError>
where
    B: Body<Data = Bytes, Error = BoxError> + Send + 'static,
{
    let stream = TcpStream::connect(upstream).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let task = tokio::spawn(async move {
        // The sender hears of what goes wrong.
        let _ = connection.await;
    });
    let guard = Guard(task.abort_handle());
    let mut response = sender.send_request(request).await?;
    end_to_end(response.headers_mut());
    Ok((response, guard))
}

/// Headers that concern one connection only are not passed on (RFC 9110, 7.6.1).
pub(crate) fn end_to_end(headers: &mut HeaderMap) {
    const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
    for name in [header::CONNECTION, KEEP_ALIVE, header::TRANSFER_ENCODING, header::UPGRADE, header::TE] {
        headers.remove(name);
    }
}

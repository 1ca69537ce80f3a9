//! The HTTP server: request ids, CORS, the guard, then the S3 protocol.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use s3s::service::S3Service;
use s3s::{Body, S3Error, s3_error};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::cors::Cors;
use crate::drain::PatientBody;
use crate::guard;
use crate::s3::protocol;
use crate::store::EmbeddedStore;

/// How long a client may take to send a request's head.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// How long open requests may take to end at shutdown.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);
/// A pause when the process is out of file descriptors, so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Of the files this process may have open, one in so many may be a connection of the store: each may have a body
/// open beside it, and the rest of the process needs files, too.
const OPEN_FILES_PER_CONNECTION: usize = 8;
/// Where the system does not say how many files there may be.
const UNKNOWN: usize = 65_536;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");

struct Surface {
    store: EmbeddedStore,
    protocol: S3Service,
}

impl EmbeddedStore {
    /// Serves S3 on `listener`, path-style (`http://host/bucket/key`), until `shutdown` resolves;
    /// then lets open requests end, for 10 seconds at most.
    ///
    /// # Errors
    /// When the listener fails for good. A failing connection ends alone.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let connections = open_files_limit().unwrap_or(UNKNOWN) / OPEN_FILES_PER_CONNECTION;
        self.serve_at_once(connections.clamp(1, Semaphore::MAX_PERMITS), listener, shutdown).await
    }

    /// Serves so many connections at once; whoever comes then waits in the system's queue.
    async fn serve_at_once(
        self,
        connections: usize,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let seats = Arc::new(Semaphore::new(connections));
        let surface = Arc::new(Surface { protocol: protocol(self.clone()), store: self });
        let graceful = GracefulShutdown::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let (stream, seat) = tokio::select! {
                () = &mut shutdown => break,
                accepted = accept(&listener, &seats) => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) if is_of_one_connection(&error) => continue,
                    Err(error) => {
                        tracing::warn!(%error, "the store could not accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
            };
            serve_connection(stream, seat, Arc::clone(&surface), &graceful);
        }
        drop(listener);
        if tokio::time::timeout(DRAIN_LIMIT, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests still open after {} seconds were cut off", DRAIN_LIMIT.as_secs());
        }
        Ok(())
    }
}

/// The next connection, once there is a seat for it: before that it takes no file descriptor.
async fn accept(
    listener: &TcpListener,
    seats: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let seat = Arc::clone(seats).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, seat))
}

/// How many files this process may have open at once; `None` where that is not limited or not known.
fn open_files_limit() -> Option<usize> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok())
    }
    #[cfg(not(unix))]
    None
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

fn serve_connection(
    stream: TcpStream,
    seat: OwnedSemaphorePermit,
    surface: Arc<Surface>,
    graceful: &GracefulShutdown,
) {
    // Answers are small and wanted at once.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    // HTTP/1 alone: to tell HTTP/2 from it, the builder would first wait, for ever, for what a client says.
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
    let service = service_fn(move |request| {
        let surface = Arc::clone(&surface);
        async move { Ok::<_, Infallible>(surface.answer(request).await) }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error, "a connection ended early");
        }
        drop(seat);
    });
}

impl Surface {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let request_id = Uuid::new_v4().simple().to_string();
        let cors = Cors::of(&self.store.inner.config.allowed_origins, request.headers());
        // The path only: the query holds the signature.
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let mut response = self.dispatch(request, &cors).await;

        // An error of the protocol crate has an XML body, which these may not have (RFC 9110).
        if response.status() == StatusCode::NOT_MODIFIED {
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(header::CONTENT_TYPE);
        }
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if may_run_scripts(headers) {
            headers.insert(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static("default-src 'none'; sandbox"),
            );
        }
        if let Ok(id) = HeaderValue::try_from(&request_id) {
            headers.insert(REQUEST_ID, id);
        }
        tracing::debug!(%method, path, status = response.status().as_u16(), request_id, "store request");
        response
    }

    async fn dispatch(&self, request: Request<Incoming>, cors: &Cors) -> Response<Body> {
        if Cors::is_preflight(request.method(), request.headers()) {
            return match cors.answer_preflight(request.headers()) {
                Ok(headers) => {
                    let mut response = Response::new(Body::empty());
                    *response.headers_mut() = headers;
                    response
                }
                Err(error) => refusal(error),
            };
        }
        let (parts, body) = request.into_parts();
        // A client that asked first (`Expect: 100-continue`) is told before it sends anything.
        let body = if parts.headers.contains_key(header::EXPECT) {
            Body::from(body)
        } else {
            Body::http_body(PatientBody::new(body))
        };
        let mut response = match guard::check(&parts, &self.store.inner.config.region) {
            Err(error) => refusal(error),
            Ok(()) if guard::is_form(&parts) => {
                self.store.post_object(&parts, body).await.unwrap_or_else(refusal)
            }
            Ok(()) => match self.protocol.call(Request::from_parts(parts, body)).await {
                Ok(response) => response,
                Err(error) => {
                    tracing::error!(?error, "the S3 protocol failed");
                    refusal(s3_error!(InternalError, "The store could not answer"))
                }
            },
        };
        cors.decorate(response.headers_mut());
        response
    }
}

fn refusal(error: S3Error) -> Response<Body> {
    error.to_http_response().unwrap_or_else(|_| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

/// Types that a browser would run scripts of when somebody opens a signed URL.
fn may_run_scripts(headers: &HeaderMap) -> bool {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.ends_with("html") || essence.ends_with("xml") || essence.ends_with("javascript")
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn whoever_finds_every_seat_taken_is_served_once_one_is_free() {
        let (_folder, store) = EmbeddedStore::of_a_test().await;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(store.serve_at_once(2, listener, std::future::pending()));

        let silent = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
        let mut late = TcpStream::connect(address).await.unwrap();
        late.write_all(b"GET /photos/key HTTP/1.1\r\nhost: store\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = Vec::new();
        let waits = tokio::time::timeout(Duration::from_millis(300), late.read_buf(&mut answer)).await;
        assert!(waits.is_err(), "there are two seats: {}", String::from_utf8_lossy(&answer));

        drop(silent);
        let served = tokio::time::timeout(Duration::from_secs(5), late.read_to_end(&mut answer)).await;
        served.expect("a seat is free").unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 403"), "{}", String::from_utf8_lossy(&answer));
    }
}

//! A front: a listener before one upstream.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use crate::connection::{Handle, Throttled};
use crate::exchange::Exchange;
use crate::link::OutageKind;
use crate::proxy::Shared;

/// On a line with a speed the system must not swallow megabytes and call them sent.
const SHALLOW_BUFFER_BYTES: usize = 64 * 1024;
/// A pause when the process is out of file descriptors, so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections for as long as the task lives.
pub(crate) async fn serve(listener: TcpListener, name: String, upstream: String, shared: Arc<Shared>) {
    let (name, upstream) = (Arc::<str>::from(name), Arc::<str>::from(upstream));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(connection(
                    stream,
                    Arc::clone(&name),
                    Arc::clone(&upstream),
                    Arc::clone(&shared),
                ));
            }
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn connection(stream: TcpStream, front: Arc<str>, upstream: Arc<str>, shared: Arc<Shared>) {
    let link = shared.link();
    // Both only make the line more like a line; what refuses them still passes bytes.
    let _ = stream.set_nodelay(true);
    if link.up_bits_per_s.is_some() {
        let _ = SockRef::from(&stream).set_recv_buffer_size(SHALLOW_BUFFER_BYTES);
    }
    if link.down_bits_per_s.is_some() {
        let _ = SockRef::from(&stream).set_send_buffer_size(SHALLOW_BUFFER_BYTES);
    }
    let handle = Arc::new(Handle::default());
    shared.connected(&handle);
    if let Some((OutageKind::Reset, _)) = shared.outage() {
        handle.reset();
    }
    let first_byte_at = Instant::now() + Duration::from_millis(link.round_trip_ms);
    let io = TokioIo::new(Throttled::new(stream, Arc::clone(&handle), Arc::clone(&shared), first_byte_at));
    let service = {
        let handle = Arc::clone(&handle);
        service_fn(move |request| {
            let exchange = Exchange {
                front: Arc::clone(&front),
                upstream: Arc::clone(&upstream),
                connection: Arc::clone(&handle),
                shared: Arc::clone(&shared),
            };
            exchange.run(request)
        })
    };
    let served = http1::Builder::new().serve_connection(io, service);
    tokio::select! {
        // How a connection ended is in the journal of its requests.
        _ = served => {}
        () = handle.was_reset() => {}
    }
}

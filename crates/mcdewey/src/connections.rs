//! Accepts connections, limits their number and cuts off slow clients, for HTTP and TLS alike.
//! Requests themselves are handled by the router.
//!
//! A client that keeps the server waiting (it sends nothing, or half a request, or does not read
//! its response) is cut off at its timeout, or earlier if its slot is needed for another client. So
//! new clients are served however many idle connections are open. When all slots are taken by
//! requests in progress, a reserve answers health checks and tells all other clients to retry
//! later.

mod body;
mod connection;
mod open_files;
mod report;
mod settings;
mod stream;
mod table;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Version, header};
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use mcdewey_query::{ConnectionMetrics, OverCapacity};
use rustix::io::Errno;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::sync::watch::Receiver;
use tokio::time::Instant;
use tower::ServiceExt;

use self::body::Exchange;
pub(crate) use self::open_files::{Capacities, Capacity, raise_open_file_limit};
use self::report::ConnectionReport;
pub(crate) use self::settings::{ConnectionSettings, Timeouts};
use self::stream::WatchedStream;
use self::table::{Admission, ConnectionTable, Slot};
use crate::listeners::until_stopped;

/// The largest request head, and how much of a response is buffered. The longest question has
/// 32 KiB before percent-encoding; one that does not fit into a URL has to be sent with POST.
const BUFFER_BYTES: usize = 64 * 1024;
/// Concurrent requests on one HTTP/2 connection.
const MAX_HTTP2_STREAMS: u32 = 64;
/// How much a client may send ahead over HTTP/2, for all requests of a connection together. The
/// largest body has 256 KiB.
const HTTP2_WINDOW_BYTES: u32 = 256 * 1024;
/// The delay after a failure that concerns the whole process, such as too many open files.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
/// How long an evicted connection needs to close its socket.
const EVICTION_DELAY: Duration = Duration::from_millis(1);

/// Serves connections. Shared by all listeners.
#[derive(Clone)]
pub(crate) struct ConnectionServer {
    router: Router,
    timeouts: Timeouts,
    report: Arc<ConnectionReport>,
    builder: Arc<Builder<TokioExecutor>>,
    stop: Receiver<bool>,
}

impl ConnectionServer {
    /// Creates a server that answers with `router` until `stop` becomes true.
    pub(crate) fn new(
        router: Router,
        timeouts: Timeouts,
        numbers: ConnectionMetrics,
        stop: Receiver<bool>,
    ) -> Self {
        Self {
            router: router.with_state(()),
            timeouts,
            report: Arc::new(ConnectionReport::new(numbers)),
            builder: Arc::new(http_builder()),
            stop,
        }
    }

    /// Serves the connections of a listener, with TLS if there is a certificate. After the stop,
    /// returns when all connections have ended.
    pub(crate) async fn listen(
        self,
        listener: TcpListener,
        tls: Option<RustlsConfig>,
        capacity: Capacity,
    ) {
        let sockets = Arc::new(Semaphore::new(capacity.sockets()));
        let acceptor =
            tls.map(|config| RustlsAcceptor::new(config).handshake_timeout(self.timeouts.header));
        let accept_loop = AcceptLoop {
            served: ConnectionTable::new(capacity.connections, capacity.per_address),
            reserve: ConnectionTable::favouring_newest(capacity.reserve),
            acceptor,
            server: self,
        };

        let stopped = until_stopped(accept_loop.server.stop.clone());
        tokio::select! {
            () = stopped => {}
            () = accept_loop.run(&listener, &sockets) => {}
        }
        drop(listener);

        // All permits are available again when all connections have ended. The semaphore is never
        // closed.
        let all = u32::try_from(capacity.sockets()).unwrap_or(u32::MAX);
        let _ = sockets.acquire_many(all).await;
    }
}

/// Accepts the connections of one listener.
struct AcceptLoop {
    served: Arc<ConnectionTable>,
    reserve: Arc<ConnectionTable>,
    acceptor: Option<RustlsAcceptor>,
    server: ConnectionServer,
}

/// A connection that has been given a slot.
struct AdmittedConnection {
    slot: Slot,
    remote: SocketAddr,
    /// Whether its slot is in the reserve.
    over_capacity: bool,
}

impl AcceptLoop {
    async fn run(&self, listener: &TcpListener, sockets: &Arc<Semaphore>) {
        // An evicted connection holds its socket for a moment longer. If no permit is left, wait
        // for that.
        while let Ok(socket) = Arc::clone(sockets).acquire_owned().await {
            let (stream, remote) = self.accept(listener).await;
            let Some(admitted) = self.admit(remote) else {
                continue;
            };

            let (server, acceptor) = (self.server.clone(), self.acceptor.clone());
            tokio::spawn(async move {
                server.serve_connection(stream, acceptor, admitted).await;
                drop(socket);
            });
        }
    }

    /// Accepts the next connection. Errors of a single connection, or temporary ones of the
    /// process, do not end the loop.
    async fn accept(&self, listener: &TcpListener) -> (TcpStream, SocketAddr) {
        loop {
            match listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) if is_connection_error(&error) => {}
                Err(error) => {
                    self.server.report.accept_failed(&error);

                    let has_evicted =
                        is_open_file_error(&error) && self.served.evict_longest_waiting();
                    tokio::time::sleep(if has_evicted {
                        EVICTION_DELAY
                    } else {
                        ACCEPT_RETRY_DELAY
                    })
                    .await;
                }
            }
        }
    }

    fn admit(&self, remote: SocketAddr) -> Option<AdmittedConnection> {
        let (report, now) = (&self.server.report, Instant::now());
        let (admission, over_capacity) = match self.served.admit(remote.ip(), now) {
            Some(admission) => (Some(admission), false),
            None => (self.reserve.admit(remote.ip(), now), true),
        };

        if over_capacity {
            report.over_capacity();
        }

        let Admission { slot, has_evicted } = admission?;
        if over_capacity || has_evicted {
            report.limit_reached();
        }

        Some(AdmittedConnection {
            slot,
            remote,
            over_capacity,
        })
    }
}

impl ConnectionServer {
    /// Serves a connection until it ends.
    async fn serve_connection(
        self,
        stream: TcpStream,
        acceptor: Option<RustlsAcceptor>,
        admitted: AdmittedConnection,
    ) {
        let _open = self.report.accepted();

        // Otherwise small responses wait some 40 ms for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let connection = Arc::clone(&admitted.slot.connection);

        let work = async {
            match acceptor {
                None => self.serve_stream(stream, &admitted).await,
                Some(acceptor) => {
                    let handshake = tokio::select! {
                        handshake = acceptor.accept(stream, ()) => handshake,
                        () = until_stopped(self.stop.clone()) => return,
                    };
                    // Failed handshakes are not logged: any open port gets them from scanners all
                    // day.
                    if let Ok((stream, _)) = handshake {
                        self.serve_stream(stream, &admitted).await;
                    }
                }
            }
        };

        let end = connection.supervise(&self.timeouts, work).await;
        self.report.ended(end);
    }

    async fn serve_stream(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        admitted: &AdmittedConnection,
    ) {
        let AdmittedConnection {
            slot,
            remote,
            over_capacity,
        } = admitted;
        let (connection, remote, over_capacity) = (&slot.connection, *remote, *over_capacity);

        let stream = WatchedStream::new(stream, Arc::clone(connection));
        let service = hyper::service::service_fn(|request: hyper::Request<Incoming>| {
            let exchange = Exchange::start(Arc::clone(connection));
            let version = request.version();
            let mut request = request.map(|body| exchange.request_body(body));
            request.extensions_mut().insert(ConnectInfo(remote));

            if over_capacity {
                request.extensions_mut().insert(OverCapacity);
            }

            let response = self.router.clone().oneshot(request);
            async move {
                let Ok(mut response) = response.await;
                if over_capacity && version <= Version::HTTP_11 {
                    response
                        .headers_mut()
                        .insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response.map(|body| exchange.response_body(body)))
            }
        });

        let mut http_connection =
            std::pin::pin!(self.builder.serve_connection(TokioIo::new(stream), service));

        // Errors of a connection are its client's doing and are ignored; failed requests are logged
        // elsewhere.
        tokio::select! {
            _ = http_connection.as_mut() => return,
            () = until_stopped(self.stop.clone()) => http_connection.as_mut().graceful_shutdown(),
        }
        let _ = http_connection.await;
    }
}

/// HTTP/1.0, 1.1 and 2, with small buffers per connection. It has no timeouts of its own, because
/// connections are supervised in the same way for all versions.
fn http_builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .header_read_timeout(None)
        .max_buf_size(BUFFER_BYTES);

    builder
        .http2()
        .max_concurrent_streams(MAX_HTTP2_STREAMS)
        .max_send_buf_size(BUFFER_BYTES)
        .initial_stream_window_size(HTTP2_WINDOW_BYTES)
        .initial_connection_window_size(HTTP2_WINDOW_BYTES);

    builder
}

/// Reports whether an error concerns a single connection, whose client disconnected before it was
/// accepted.
fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

fn is_open_file_error(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

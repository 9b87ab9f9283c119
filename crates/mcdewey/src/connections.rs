//! Connections, from the listener to the service: accepted up to a number, each within its time. Requests are the
//! service's business; what they come over is this room's.
//!
//! Whoever keeps the server waiting (a client that sends nothing, or half a request, or does not read its answer) is cut
//! off when its time is over, and before that when somebody else needs the place. So a newcomer is answered however many
//! idle connections are open. Where all places are taken by requests that are worked for, a reserve answers health checks
//! and tells everybody else to come back.

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
use mcdewey_query::{ConnectionNumbers, OverCapacity};
use rustix::io::Errno;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::sync::watch::Receiver;
use tokio::time::Instant;
use tower::ServiceExt;

use self::body::Exchange;
pub(crate) use self::open_files::{Capacities, Capacity, raise_limit};
use self::report::Report;
pub(crate) use self::settings::{ConnectionSettings, Timeouts};
use self::stream::WatchedStream;
use self::table::{Admitted, Place, Table};
use crate::listeners::until_stop;

/// The largest head of a request, and what is held of an answer; the longest question is 8 KiB before it is encoded.
const BUFFER_BYTES: usize = 64 * 1024;
/// Requests at once on one connection of HTTP/2.
const STREAMS: u32 = 64;
/// What a client may send ahead over HTTP/2 on all requests of a connection; the largest body is 256 KiB.
const WINDOW_BYTES: u32 = 256 * 1024;
/// After a failure that concerns the whole process, such as too many open files.
const AFTER_FAILURE: Duration = Duration::from_millis(50);
/// Until a connection that makes room has closed its socket.
const MAKING_ROOM: Duration = Duration::from_millis(1);

/// What all listeners share.
#[derive(Clone)]
pub(crate) struct Serving {
    router: Router,
    timeouts: Timeouts,
    report: Arc<Report>,
    builder: Arc<Builder<TokioExecutor>>,
    stop: Receiver<bool>,
}

impl Serving {
    /// Answers with `router` until told to stop.
    pub(crate) fn new(
        router: Router,
        timeouts: Timeouts,
        numbers: ConnectionNumbers,
        stop: Receiver<bool>,
    ) -> Self {
        let (report, builder) = (Arc::new(Report::new(numbers)), Arc::new(builder()));
        Self {
            router: router.with_state(()),
            timeouts,
            report,
            builder,
            stop,
        }
    }

    /// Answers at a listener, with TLS where there is a certificate; returns when all connections have ended.
    pub(crate) async fn listen(
        self,
        listener: TcpListener,
        tls: Option<RustlsConfig>,
        capacity: Capacity,
    ) {
        let sockets = Arc::new(Semaphore::new(capacity.sockets()));
        let acceptor =
            tls.map(|config| RustlsAcceptor::new(config).handshake_timeout(self.timeouts.header));
        let entrance = Entrance {
            served: Table::new(capacity.connections, capacity.per_address),
            reserve: Table::of_newest(capacity.reserve),
            acceptor,
            serving: self,
        };

        let stopped = until_stop(entrance.serving.stop.clone());
        tokio::select! {
            () = stopped => {}
            () = entrance.accept_all(&listener, &sockets) => {}
        }
        drop(listener);

        // All sockets are back when all connections have ended. The semaphore is never closed.
        let all = u32::try_from(capacity.sockets()).unwrap_or(u32::MAX);
        let _ = sockets.acquire_many(all).await;
    }
}

/// One listener's connections.
struct Entrance {
    served: Arc<Table>,
    reserve: Arc<Table>,
    acceptor: Option<RustlsAcceptor>,
    serving: Serving,
}

/// A connection that has a place.
struct Guest {
    place: Place,
    remote: SocketAddr,
    /// Whether its place is one of the reserve.
    over_capacity: bool,
}

impl Entrance {
    async fn accept_all(&self, listener: &TcpListener, sockets: &Arc<Semaphore>) {
        // A connection that was evicted holds its socket for a moment longer. Who has none must wait for that moment.
        while let Ok(socket) = Arc::clone(sockets).acquire_owned().await {
            let (stream, remote) = self.accept(listener).await;
            let Some(guest) = self.admit(remote) else {
                continue;
            };
            let (serving, acceptor) = (self.serving.clone(), self.acceptor.clone());

            tokio::spawn(async move {
                serving.welcome(stream, acceptor, guest).await;
                drop(socket);
            });
        }
    }

    /// The next connection; what is wrong with one, or with the process for a moment, is no reason to stop.
    async fn accept(&self, listener: &TcpListener) -> (TcpStream, SocketAddr) {
        loop {
            match listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    self.serving.report.failed(&error);
                    let makes_room = is_of_open_files(&error) && self.served.make_room();
                    tokio::time::sleep(if makes_room {
                        MAKING_ROOM
                    } else {
                        AFTER_FAILURE
                    })
                    .await;
                }
            }
        }
    }

    fn admit(&self, remote: SocketAddr) -> Option<Guest> {
        let (report, now) = (&self.serving.report, Instant::now());
        let (admitted, over_capacity) = match self.served.admit(remote.ip(), now) {
            Some(admitted) => (Some(admitted), false),
            None => (self.reserve.admit(remote.ip(), now), true),
        };

        if over_capacity {
            report.over_capacity();
        }

        let Admitted { place, evicted } = admitted?;
        if over_capacity || evicted {
            report.full();
        }

        Some(Guest {
            place,
            remote,
            over_capacity,
        })
    }
}

impl Serving {
    /// Answers a connection to its end.
    async fn welcome(self, stream: TcpStream, acceptor: Option<RustlsAcceptor>, guest: Guest) {
        let _open = self.report.accepted();

        // Without it small answers wait some 40 ms for the peer's acknowledgement.
        let _ = stream.set_nodelay(true);
        let connection = Arc::clone(&guest.place.connection);
        let work = async {
            match acceptor {
                None => self.answer(stream, &guest).await,
                Some(acceptor) => {
                    let handshake = tokio::select! {
                        handshake = acceptor.accept(stream, ()) => handshake,
                        () = until_stop(self.stop.clone()) => return,
                    };
                    // Nobody is told of a handshake that fails: strangers knock on open ports all day.
                    if let Ok((stream, _)) = handshake {
                        self.answer(stream, &guest).await;
                    }
                }
            }
        };

        let end = connection.supervise(&self.timeouts, work).await;
        self.report.ended(end);
    }

    async fn answer(&self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static, guest: &Guest) {
        let (connection, remote, over_capacity) =
            (&guest.place.connection, guest.remote, guest.over_capacity);
        let stream = WatchedStream::new(stream, Arc::clone(connection));
        let service = hyper::service::service_fn(|request: hyper::Request<Incoming>| {
            let exchange = Exchange::begin(Arc::clone(connection));
            let version = request.version();
            let mut request = request.map(|body| exchange.request_body(body));
            request.extensions_mut().insert(ConnectInfo(remote));

            if over_capacity {
                request.extensions_mut().insert(OverCapacity);
            }

            let answer = self.router.clone().oneshot(request);
            async move {
                let Ok(mut response) = answer.await;
                if over_capacity && version <= Version::HTTP_11 {
                    response
                        .headers_mut()
                        .insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response.map(|body| exchange.answer_body(body)))
            }
        });

        let mut conversation =
            std::pin::pin!(self.builder.serve_connection(TokioIo::new(stream), service));

        // What goes wrong on a connection is its client's business; requests that fail are logged where they do.
        tokio::select! {
            _ = conversation.as_mut() => return,
            () = until_stop(self.stop.clone()) => conversation.as_mut().graceful_shutdown(),
        }
        let _ = conversation.await;
    }
}

/// HTTP/1.0, 1.1 and 2, with little held for each connection. How long anything takes is supervised for all of them alike.
fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .header_read_timeout(None)
        .max_buf_size(BUFFER_BYTES);

    builder
        .http2()
        .max_concurrent_streams(STREAMS)
        .max_send_buf_size(BUFFER_BYTES)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES);

    builder
}

/// The client was gone before it was let in.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

fn is_of_open_files(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

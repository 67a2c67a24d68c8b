//! Runs the HTTP listeners from start to drained stop.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{info, warn};

use crate::config::Config;

/// The share of the grace period, one part in so many, that is kept for what comes after the last request.
pub const RESERVE_SHARE: u32 = 5;

/// How long a connection may wait for the head of a request, the first as well as the next. Longer than the idle timeout
/// of the usual load balancers (60 s), so that it is they who close a connection; otherwise a request can meet a
/// connection that is just being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

const MAX_HEADER_BYTES: usize = 16 << 10;

/// How long new requests are still taken after SIGTERM, for callers that have not yet noticed the failing /readyz.
const MAX_DRAIN_DELAY: Duration = Duration::from_secs(2);

/// How long to wait if no connection can be accepted, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why a server did not end well.
#[derive(Debug)]
pub enum ServerError {
    Listen { port: u16, cause: io::Error },
    CutOff,
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { port, cause } => write!(f, "listen on port {port}: {cause}"),
            Self::CutOff => f.write_str("requests were cut off: they did not end within the grace period"),
        }
    }
}

impl std::error::Error for ServerError {}

/// Listens on all addresses, of IPv6 too where there is IPv6.
pub async fn listen(port: u16) -> Result<TcpListener, ServerError> {
    let listening = match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
        Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await
        }
        listening => listening,
    };
    listening.map_err(|cause| ServerError::Listen { port, cause })
}

/// Serves the API with its probes on one listener and the metrics on another, until `stop` ends and all requests are
/// answered.
pub async fn serve(
    config: &Config,
    public: (TcpListener, Router),
    metrics: (TcpListener, Router),
    stop: impl Future<Output = ()>,
) -> Result<(), ServerError> {
    let draining = Draining::default();
    let public = Listener::start(public.0, with_probes(public.1, draining.clone()));
    let metrics = Listener::start(metrics.0, metrics.1);
    info!(http = config.http_port, metrics = config.metrics_port, "ready");
    stop.await;

    let start = Instant::now();
    let grace = config.shutdown_grace;
    let end = start + grace - grace / RESERVE_SHARE;
    draining.begin();
    info!(grace = grace.as_secs_f64(), "draining");
    sleep(MAX_DRAIN_DELAY.min(grace / RESERVE_SHARE)).await;

    // The metrics come last, so that the last requests can still be scraped.
    for listener in [public, metrics] {
        timeout_at(end, listener.stop()).await.map_err(|_| ServerError::CutOff)?;
    }
    info!(duration = start.elapsed().as_secs_f64(), "stopped");
    Ok(())
}

/// A listener whose connections are served until it is stopped.
struct Listener {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Listener {
    fn start(listener: TcpListener, router: Router) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, task: tokio::spawn(accept(listener, router, stopped)) }
    }

    /// Takes no more connections, and ends with the last request.
    async fn stop(self) {
        // An error would mean that the task has ended already.
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

async fn accept(listener: TcpListener, router: Router, mut stopped: oneshot::Receiver<()>) {
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(IDLE_TIMEOUT).max_header_size(MAX_HEADER_BYTES);
    let connections = GracefulShutdown::new();
    loop {
        tokio::select! {
            // In this order: a connection that waits in the queue is served before the queue is closed.
            biased;
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Answers are short: don't hold them back to fill a packet.
                    let _ = stream.set_nodelay(true);
                    let service = TowerToHyperService::new(router.clone());
                    let connection = protocol.serve_connection(TokioIo::new(stream), service);
                    // An error is the caller's: gone, too slow, or not speaking HTTP.
                    tokio::spawn(connections.watch(connection));
                }
                Err(error) => {
                    warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            _ = &mut stopped => break,
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// Whether the server is about to stop.
#[derive(Clone, Default)]
struct Draining(Arc<AtomicBool>);

impl Draining {
    fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

fn with_probes(api: Router, draining: Draining) -> Router {
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .with_state(draining.clone())
        .fallback_service(api)
        .layer(middleware::from_fn_with_state(draining, let_go))
}

/// Closes each connection with its next answer once the server drains. A connection that was closed while it is idle
/// could be met by a request.
async fn let_go(State(draining): State<Draining>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if draining.has_begun() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Says that the process runs. It asks no dependency: a restart would not repair one.
async fn live() -> Response {
    answer(StatusCode::OK, "ok\n")
}

/// Says whether this replica wants traffic. Check here what no request can do without, and nothing that other replicas
/// share: a shared dependency that fails would take all of them out at once.
async fn ready(State(draining): State<Draining>) -> Response {
    if draining.has_begun() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    answer(StatusCode::OK, "ok\n")
}

fn answer(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}

//! The result service, which fails on a fixed plan.
//!
//! A real HTTP server on a port of the loopback interface that the system chooses. It stands for
//! whatever a program of yours depends on, on a bad day.

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use gardefou::{Result, ResultExt, error::ErrorCode, time::Timestamp};
use std::{
    future::IntoFuture,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::oneshot;

/// What the service does with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    Accept,
    /// Answers 503: too busy just now.
    Busy,
    /// Answers 500: something broke.
    Break,
    /// Accepts the request and never answers.
    Hang,
}

/// What happens to the first requests; all later ones are accepted.
const PLAN: [Behaviour; 9] = {
    use Behaviour::{Accept, Break, Busy, Hang};
    // A hiccup that one retry cures, then an outage, then a probe that comes too early.
    [
        Accept, Busy, Accept, Accept, Break, Break, Hang, Break, Accept,
    ]
};
/// Longer than any client waits.
const HANG: Duration = Duration::from_secs(60);

/// The running service; it stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Service {
    address: SocketAddr,
    received: Arc<Received>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

/// What arrived.
#[derive(Debug, Default)]
struct Received {
    requests: AtomicUsize,
    /// When each was made, and its title.
    alerts: Mutex<Vec<(Timestamp, String)>>,
}

impl Service {
    /// Opens a port on the loopback interface and serves it from a thread of its own.
    pub(crate) fn start() -> Result<Self> {
        let failed = (
            ErrorCode::INITIALIZATION_ERROR,
            "the service cannot be started",
        );
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context(failed.0, failed.1)?;
        listener.set_nonblocking(true).context(failed.0, failed.1)?;
        let address = listener.local_addr().context(failed.0, failed.1)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context(failed.0, failed.1)?;
        let received = Arc::new(Received::default());
        let (stop, stopped) = oneshot::channel();
        let router = router(Arc::clone(&received));
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                let served = std::pin::pin!(axum::serve(listener, router).into_future());
                // Whichever ends first; a request that still hangs is dropped with the runtime.
                futures::future::select(served, stopped).await;
                std::io::Result::Ok(())
            })
        });
        Ok(Self {
            address,
            received,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns how many results were sent, taken or not.
    pub(crate) fn requests(&self) -> usize {
        self.received.requests.load(Ordering::Relaxed)
    }

    /// Returns the titles of the alerts that came to the webhook: those that were made from `begin`
    /// on, and those that an earlier run could not deliver.
    pub(crate) fn alerts(&self, begin: Timestamp) -> (Vec<String>, Vec<String>) {
        let alerts = self
            .received
            .alerts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let titles = |new: bool| {
            let chosen = alerts
                .iter()
                .filter(move |(made, _)| (*made >= begin) == new);
            chosen.map(|(_, title)| title.clone()).collect()
        };
        (titles(true), titles(false))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Neither can fail in a way that matters: the thread is gone then, which is what is wanted.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn router(received: Arc<Received>) -> Router {
    Router::new()
        .route("/results", post(accept_result))
        .route("/alerts", post(accept_alert))
        .route("/health", get(async || "ready"))
        .with_state(received)
}

/// The webhook: it takes every notification, as a chat would that shows them.
async fn accept_alert(State(received): State<Arc<Received>>, body: String) -> StatusCode {
    let notification = serde_json::from_str::<serde_json::Value>(&body).unwrap_or_default();
    let made = notification["timestamp"]
        .as_str()
        .and_then(|time| time.parse().ok());
    let (Some(title), Some(made)) = (notification["title"].as_str(), made) else {
        return StatusCode::BAD_REQUEST;
    };
    received
        .alerts
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push((made, title.to_owned()));
    StatusCode::ACCEPTED
}

async fn accept_result(State(received): State<Arc<Received>>, body: String) -> Response {
    let request = received.requests.fetch_add(1, Ordering::Relaxed);
    match PLAN.get(request).copied().unwrap_or(Behaviour::Accept) {
        Behaviour::Accept if serde_json::from_str::<serde_json::Value>(&body).is_err() => {
            StatusCode::BAD_REQUEST
        }
        Behaviour::Accept => StatusCode::CREATED,
        Behaviour::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Behaviour::Break => StatusCode::INTERNAL_SERVER_ERROR,
        Behaviour::Hang => {
            tokio::time::sleep(HANG).await;
            StatusCode::GATEWAY_TIMEOUT
        }
    }
    .into_response()
}

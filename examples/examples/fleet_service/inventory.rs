//! The inventory that the service asks: a real HTTP server on loopback, with a behaviour that the example sets.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use gardefou::{ErrorCode, Result, ResultExt};
use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::watch;

/// What the inventory does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Answers,
    Fails,
    /// Holds requests until the behaviour changes.
    Holds,
}

/// An article that it does not have.
pub(crate) const UNKNOWN: &str = "unicorn";

/// The running inventory.
#[derive(Clone)]
pub(crate) struct Inventory {
    url: String,
    state: Arc<Requests>,
}

struct Requests {
    behaviour: watch::Sender<Behaviour>,
    all: AtomicU64,
    held: AtomicU64,
}

impl Inventory {
    pub(crate) async fn start() -> Result<Self> {
        let state = Arc::new(Requests {
            behaviour: watch::Sender::new(Behaviour::Answers),
            all: AtomicU64::new(0),
            held: AtomicU64::new(0),
        });
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.code(ErrorCode::INITIALIZATION_ERROR)?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new()
            .route("/{article}", get(answer))
            .with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, state })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn set(&self, behaviour: Behaviour) {
        self.state.behaviour.send_replace(behaviour);
    }

    /// Returns how many requests there were.
    pub(crate) fn requests(&self) -> u64 {
        self.state.all.load(Ordering::Relaxed)
    }

    /// Returns how many requests are held now.
    pub(crate) fn held(&self) -> u64 {
        self.state.held.load(Ordering::Relaxed)
    }
}

async fn answer(
    State(requests): State<Arc<Requests>>,
    Path(article): Path<String>,
) -> (StatusCode, &'static str) {
    requests.all.fetch_add(1, Ordering::Relaxed);
    let mut behaviour = requests.behaviour.subscribe();
    let is_held = *behaviour.borrow_and_update() == Behaviour::Holds;
    if is_held {
        requests.held.fetch_add(1, Ordering::Relaxed);
        // Fails only where the sender is gone, which this function holds.
        let _ = behaviour.wait_for(|now| *now != Behaviour::Holds).await;
        requests.held.fetch_sub(1, Ordering::Relaxed);
    }
    let now = *behaviour.borrow();
    match (now, &*article) {
        (Behaviour::Fails, _) => (StatusCode::SERVICE_UNAVAILABLE, "closed"),
        (_, UNKNOWN) => (StatusCode::NOT_FOUND, "no such article"),
        _ => (StatusCode::OK, "12 pieces"),
    }
}

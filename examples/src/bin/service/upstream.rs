//! The payment provider: a real HTTP server on loopback that can be told to misbehave.

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use gardefou::{ErrorCode, Result, ResultExt};
use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How the provider treats requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Ok,
    /// Answers 500.
    Fail,
    /// Takes requests and says nothing.
    Hang,
}

/// The running provider.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    url: String,
    mood: Arc<Mutex<Mood>>,
}

impl Provider {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }
}

impl Mood {
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        [("ok", Self::Ok), ("fail", Self::Fail), ("hang", Self::Hang)]
            .into_iter()
            .find_map(|(known, mood)| (known == name).then_some(mood))
    }
}

/// Starts the provider on a port that the system chooses.
pub(crate) async fn start() -> Result<Provider> {
    let failed = (ErrorCode::INITIALIZATION_ERROR, "the payment provider cannot be started");
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context(failed.0, failed.1)?;
    let address = listener.local_addr().context(failed.0, failed.1)?;
    let provider = Provider { url: format!("http://{address}"), mood: Arc::default() };
    let router =
        Router::new().route("/charge", post(answer)).route("/ping", get(answer)).with_state(Arc::clone(&provider.mood));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(provider)
}

async fn answer(State(mood): State<Arc<Mutex<Mood>>>) -> StatusCode {
    let mood = *mood.lock().unwrap_or_else(PoisonError::into_inner);
    match mood {
        Mood::Ok => StatusCode::OK,
        Mood::Fail => StatusCode::INTERNAL_SERVER_ERROR,
        Mood::Hang => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::GATEWAY_TIMEOUT
        }
    }
}

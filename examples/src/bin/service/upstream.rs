//! The payment provider: a real HTTP server on loopback with an adjustable behaviour.

use crate::payments::IDEMPOTENCY_KEY;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use gardefou::{ErrorCode, Result, ResultExt};
use std::{
    collections::HashSet,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The behaviour of the provider towards requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Behaviour {
    #[default]
    Ok,
    /// Answers 500.
    Fail,
    /// Answers 500 to the first request of each charge.
    Flaky,
    /// Accepts requests and never answers.
    Hang,
}

/// The running provider.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    url: String,
    state: ProviderState,
}

#[derive(Clone, Debug, Default)]
struct ProviderState(Arc<Mutex<Charges>>);

/// The behaviour of the provider, and the keys of its charges.
#[derive(Debug, Default)]
struct Charges {
    behaviour: Behaviour,
    made: HashSet<String>,
    /// Those of which a request came while the provider was flaky.
    requested: HashSet<String>,
}

impl ProviderState {
    fn lock(&self) -> MutexGuard<'_, Charges> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Provider {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn set(&self, behaviour: Behaviour) {
        self.state.lock().behaviour = behaviour;
    }
}

impl Behaviour {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "ok" => Self::Ok,
            "fail" => Self::Fail,
            "flaky" => Self::Flaky,
            "hang" => Self::Hang,
            _ => return None,
        })
    }
}

/// Starts the provider on a port that the system chooses.
pub(crate) async fn start() -> Result<Provider> {
    let failed = (
        ErrorCode::INITIALIZATION_ERROR,
        "the payment provider cannot be started",
    );
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .context(failed.0, failed.1)?;
    let address = listener.local_addr().context(failed.0, failed.1)?;
    let provider = Provider {
        url: format!("http://{address}"),
        state: ProviderState::default(),
    };
    let router = Router::new()
        .route("/charge", post(charge))
        .route("/ping", get(answer))
        .with_state(provider.state.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(provider)
}

/// Charges once for each key, and nothing without one.
async fn charge(State(state): State<ProviderState>, headers: HeaderMap) -> StatusCode {
    let Some(key) = headers
        .get(IDEMPOTENCY_KEY)
        .and_then(|key| key.to_str().ok())
    else {
        return StatusCode::BAD_REQUEST;
    };
    {
        let mut charges = state.lock();
        if charges.behaviour == Behaviour::Flaky && charges.requested.insert(key.to_owned()) {
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
    }
    let status = answer(State(state.clone())).await;
    if status.is_success() {
        state.lock().made.insert(key.to_owned());
    }
    status
}

async fn answer(State(state): State<ProviderState>) -> StatusCode {
    let behaviour = state.lock().behaviour;
    match behaviour {
        Behaviour::Ok | Behaviour::Flaky => StatusCode::OK,
        Behaviour::Fail => StatusCode::INTERNAL_SERVER_ERROR,
        Behaviour::Hang => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::GATEWAY_TIMEOUT
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payments::Payments;

    #[tokio::test]
    async fn repeated_charge_is_made_once_and_a_charge_without_a_key_is_refused() {
        let provider = start().await.unwrap();
        let payments = Payments::new(provider.url());
        for order in [1, 2, 1] {
            payments.charge(order, 450).await.unwrap();
        }
        assert_eq!(provider.state.lock().made.len(), 2);
        provider.set(Behaviour::Flaky);
        payments.charge(3, 450).await.unwrap();
        assert_eq!(provider.state.lock().made.len(), 3);
        let url = format!("{}/charge", provider.url());
        let nameless = tokio::task::spawn_blocking(move || ureq::post(url).send("{}"))
            .await
            .unwrap();
        assert!(
            matches!(nameless, Err(ureq::Error::StatusCode(400))),
            "{nameless:?}"
        );
    }
}

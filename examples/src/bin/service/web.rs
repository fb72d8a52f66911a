//! The routes.

use crate::{
    metrics,
    orders::{Order, Orders},
    payments::Payments,
    upstream::{Mood, Provider},
};
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::{get, post},
};
use gardefou::{
    ErrorCode, Result, ResultExt, bail, ensure, error_monitor, health::Details, health_check,
    integrations::axum::probes, monitor::journal::Query,
};
use serde_json::{Value, json};

/// What the handlers share.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) orders: Orders,
    pub(crate) payments: Payments,
    pub(crate) provider: Provider,
}

/// All routes, the probes among them.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/orders", post(place))
        .route("/orders/{id}", get(find))
        .route("/errors", get(errors))
        .route("/metrics", get(numbers))
        .route("/provider/{mood}", post(set_mood))
        .with_state(app)
        // On loopback everybody may see details; elsewhere one would ask for a token.
        .merge(probes(health_check()).details(Details::Always).build())
}

/// Places an order of the form `{"item": "tea", "cents": 450}`.
async fn place(State(app): State<App>, body: String) -> Result<impl IntoResponse> {
    let order: Value = serde_json::from_str(&body).context(ErrorCode::API_REQUEST_ERROR, "the body is no JSON")?;
    let item = order["item"].as_str().unwrap_or_default().trim();
    let cents = order["cents"].as_u64().unwrap_or_default();
    ensure!(!item.is_empty() && item.len() <= 100, ErrorCode::API_REQUEST_ERROR, "an order has an item");
    ensure!(cents > 0, ErrorCode::API_REQUEST_ERROR, "an order costs at least one cent");
    let order = app.orders.place(item, cents, &app.payments).await?;
    Ok((StatusCode::CREATED, [(CONTENT_TYPE, JSON)], body_of(&order)))
}

async fn find(State(app): State<App>, Path(id): Path<String>) -> Result<impl IntoResponse> {
    let id = id.parse().context(ErrorCode::API_REQUEST_ERROR, "the id of an order is a number")?;
    Ok(([(CONTENT_TYPE, JSON)], body_of(&app.orders.find(id)?)))
}

fn body_of(order: &Order) -> String {
    let Order { id, item, cents, state } = order;
    json!({ "id": id, "item": item, "cents": cents, "state": state }).to_string()
}

/// The latest page of the journal: an error's id in a problem document finds the whole story here.
async fn errors() -> Result<impl IntoResponse> {
    let page = error_monitor().query(&Query::default().limit(20))?;
    Ok(([(CONTENT_TYPE, JSON)], json!({ "errors": page.records }).to_string()))
}

async fn numbers(State(app): State<App>) -> Result<impl IntoResponse> {
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], metrics::page(&app.orders)?))
}

/// Tells the provider how to behave; only an example has such a route.
async fn set_mood(State(app): State<App>, Path(mood): Path<String>) -> Result<StatusCode> {
    let Some(mood) = Mood::of_name(&mood) else {
        bail!(ErrorCode::API_REQUEST_ERROR, "the provider is ok, fail or hang");
    };
    app.provider.set(mood);
    Ok(StatusCode::NO_CONTENT)
}

const JSON: &str = "application/json";

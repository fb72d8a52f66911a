//! The routes.

use crate::{
    metrics::Metrics,
    orders::{Order, Orders},
    payments::Payments,
    upstream::{Behaviour, Provider},
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::{get, post},
};
use gardefou::{
    AppError, ErrorCode, Result, bulkhead, error_monitor,
    health::ShowDetails,
    health_check,
    integrations::axum::{probes, problems},
    monitor::journal::{Page, Query},
    rate_limit,
};
use gardefou_dashboard::Dashboard;
use serde_json::{Value, json};
use tokio::task::block_in_place;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) metrics: Metrics,
    pub(crate) orders: Orders,
    pub(crate) payments: Payments,
    pub(crate) provider: Provider,
}

/// All routes, the probes among them; whatever is refused or fails is answered with problem
/// details.
pub(crate) fn router(app: App, dashboard: &Dashboard) -> Router {
    let router = Router::new()
        .route("/orders", post(place))
        .route("/orders/{id}", get(find))
        .route("/errors", get(errors))
        .route("/metrics", get(numbers))
        .route("/provider/{behaviour}", post(set_behaviour))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(app)
        // On loopback details are public; elsewhere they would need a token.
        .merge(
            probes(health_check())
                .show_details(ShowDetails::Always)
                .build(),
        )
        .merge(dashboard.router().loopback_only());
    problems(router)
}

/// An order is a line of text.
const LARGEST_BODY: usize = 16 * 1024;

/// Places an order of the form `{"item": "tea", "cents": 450}`.
async fn place(State(app): State<App>, body: String) -> Result<impl IntoResponse> {
    let (item, cents) = order_in(&body)?;
    let order = app.orders.place(&item, cents, &app.payments).await?;
    Ok((StatusCode::CREATED, [(CONTENT_TYPE, JSON)], body_of(&order)))
}

/// Parses an order. Mistakes of a client are explained to it, and are warnings in the record.
fn order_in(body: &str) -> Result<(String, i64)> {
    let order: Value = serde_json::from_str(body).map_err(|error| {
        mistake(format!(
            "The body is no JSON (line {}, column {}).",
            error.line(),
            error.column()
        ))
        .with_source(error)
    })?;
    let item = order["item"]
        .as_str()
        .map(str::trim)
        .filter(|item| (1..=100).contains(&item.len()));
    let item = item.ok_or_else(|| mistake("An order has an `item`: a text of 1 to 100 bytes."))?;
    let cents = order["cents"].as_i64().filter(|cents| *cents > 0);
    let cents = cents.ok_or_else(|| {
        mistake("An order has `cents`: a whole number above zero, of at most 19 digits.")
    })?;
    Ok((item.to_owned(), cents))
}

/// Returns the error for a client's own mistake: its text is public.
fn mistake(text: impl Into<String>) -> AppError {
    let text = text.into();
    AppError::new(ErrorCode::API_REQUEST_ERROR, text.clone()).with_public_message(text)
}

async fn find(State(app): State<App>, Path(id): Path<String>) -> Result<impl IntoResponse> {
    let id = id
        .parse()
        .map_err(|error| mistake("The id of an order is a number.").with_source(error))?;
    Ok(([(CONTENT_TYPE, JSON)], body_of(&app.orders.find(id)?)))
}

fn body_of(order: &Order) -> String {
    let Order {
        id,
        item,
        cents,
        state,
    } = order;
    json!({ "id": id, "item": item, "cents": cents, "state": state }).to_string()
}

/// The latest page of the journal: an error's id in a problem document finds the whole story here.
async fn errors() -> Result<impl IntoResponse> {
    let page = latest_errors().await?;
    Ok((
        [(CONTENT_TYPE, JSON)],
        json!({ "errors": page.records }).to_string(),
    ))
}

/// Reads the journal, from disk: few requests at once, and not too many.
#[rate_limit("50/s", burst = 50, name = "journal")]
#[bulkhead(name = "journal", max_concurrent = 2, max_wait = "500ms")]
async fn latest_errors() -> Result<Page> {
    Ok(block_in_place(|| {
        error_monitor().query(&Query::default().limit(20))
    })?)
}

async fn numbers(State(app): State<App>) -> Result<impl IntoResponse> {
    Ok((
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        app.metrics.page(&app.orders)?,
    ))
}

/// Sets the behaviour of the provider; only an example has such a route.
async fn set_behaviour(
    State(app): State<App>,
    Path(behaviour): Path<String>,
) -> Result<StatusCode> {
    let behaviour = Behaviour::from_name(&behaviour)
        .ok_or_else(|| mistake("The provider is `ok`, `fail`, `flaky` or `hang`."))?;
    app.provider.set(behaviour);
    Ok(StatusCode::NO_CONTENT)
}

const JSON: &str = "application/json";

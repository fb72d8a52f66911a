//! An axum service: errors and refusals as problem details, probes, and errors with their route.
//!
//! `cargo run -p gardefou-examples --example axum_service`

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use axum::{Router, extract::Path, routing::get};
use gardefou::{
    AppError, ErrorCode, Result, error_monitor, health_check,
    integrations::axum::{probes, problems},
};

/// An error leaves with the HTTP status of its code. The client gets the public message alone.
async fn order(Path(id): Path<u32>) -> Result<String> {
    let error = AppError::new(
        ErrorCode::FILE_NOT_FOUND_ERROR,
        format!("primary.internal has no order {id}"),
    );
    Err(error.with_public_message("There is no such order."))
}

fn router() -> Router {
    let routes = Router::new()
        .route("/orders/{id}", get(order))
        .merge(probes(health_check()).build()); // /livez, /readyz, /startupz, /healthz
    problems(routes) // last: around all routes and layers
}

#[tokio::main]
async fn main() -> Result<()> {
    let _guard = gardefou::init_error_system()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async { axum::serve(listener, router()).await });

    // The client: what a handler returns, and what the framework refuses, have one form.
    let answers = [("orders/7", 404), ("orders/x", 400), ("livez", 200)];
    for (path, status) in answers {
        let (answered, body) = fetch(format!("{url}/{path}")).await?;
        assert_eq!(answered, status, "{path}: {body}");
        assert!(
            !body.contains("primary.internal"),
            "internal texts stay inside"
        );
        println!("{path}: {status} {body}");
    }
    let newest = error_monitor().stats().recent_errors.pop();
    assert!(newest.is_some_and(|record| record.operation == "GET /orders/{id}"));
    Ok(())
}

async fn fetch(url: String) -> Result<(u16, String)> {
    let request = move || {
        let request = ureq::get(url).config().http_status_as_error(false);
        let (parts, mut body) = request.build().call()?.into_parts();
        Ok((parts.status.as_u16(), body.read_to_string()?))
    };
    tokio::task::spawn_blocking(request).await?
}

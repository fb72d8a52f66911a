//! A page of everything that gardefou knows, on a router and as a file.
//!
//! `cargo run -p gardefou-examples --example dashboard`

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use axum::{Router, routing::get};
use gardefou::{AppError, ErrorCode, Result, with_circuit_breaker};
use gardefou_dashboard::Dashboard;
use std::{fs, net::SocketAddr};

#[with_circuit_breaker(name = "payments", failure_threshold = 2)]
fn pay(order: u32) -> Result<u32> {
    let text = format!("order {order}: the provider does not answer");
    Err(AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, text))
}

fn router(dashboard: &Dashboard) -> Router {
    Router::new()
        .route("/", get(async || "hello"))
        // For programs of this machine. Elsewhere it takes a guard:
        // `.merge(dashboard.router().guard(|request| is_operator(&request.headers)))`
        .merge(dashboard.router().loopback_only())
}

#[tokio::main]
async fn main() -> Result<()> {
    // First, since the timeline begins here.
    let dashboard = Dashboard::builder().title("orders").build()?;
    let _guard = gardefou::init_error_system()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/gardefou", listener.local_addr()?);
    // With the addresses of the peers, without which no request is from this machine.
    let service = router(&dashboard).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async { axum::serve(listener, service).await });

    for order in 1..=3 {
        assert!(pay(order).is_err());
    }
    let page = fetch(url.clone()).await?;
    assert!(page.starts_with("<!doctype html>"));
    let snapshot = fetch(format!("{url}/api/v1/snapshot")).await?;
    let snapshot: serde_json::Value = serde_json::from_str(&snapshot)?;
    let guards = snapshot["guards"].as_array().into_iter().flatten();
    for guard in guards.filter(|guard| guard["kind"] == "breaker") {
        println!("{}: {}, {}", guard["name"], guard["state"], guard["counts"]);
    }

    // The same as one file: for the end of a job, or to be kept with an incident.
    let file = std::env::temp_dir().join(format!("gardefou-dashboard-{}.html", std::process::id()));
    fs::write(&file, dashboard.report().html())?;
    println!("the report has {} KiB", fs::metadata(&file)?.len() / 1024);
    fs::remove_file(&file)?;
    Ok(())
}

async fn fetch(url: String) -> Result<String> {
    let request = move || Ok(ureq::get(url).call()?.into_body().read_to_string()?);
    tokio::task::spawn_blocking(request).await?
}

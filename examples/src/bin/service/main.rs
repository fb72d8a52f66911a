//! A small order service that stays available while its payment provider fails.
//!
//! ```text
//! cargo run --bin service -- [--port 8080] [--data FOLDER]
//! cargo run --bin service_load -- http://127.0.0.1:8080
//! ```
//!
//! Orders go into SQLite inside a transaction boundary and are paid through a real HTTP call that
//! attributes guard. Errors leave as problem details, probes answer from memory, the journal keeps
//! the errors, and the shutdown is orderly. `README.md` beside this file describes a run.

mod checks;
mod metrics;
mod options;
mod orders;
mod payments;
mod signals;
mod upstream;
mod web;

use gardefou::{
    ErrorCode, ErrorSystem, Result, ResultExt, alerts::AlertsConfig, health::HealthConfig,
    health_check, monitor::journal::JournalConfig, system::SystemReport,
};
use gardefou_dashboard::Dashboard;
use options::Options;
use signals::Signals;
use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};
use tokio::sync::oneshot;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::read(std::env::args_os().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print_line(io::stdout(), options::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            print_line(
                io::stderr(),
                format_args!("service: {problem}\n\n{}", options::USAGE),
            );
            return ExitCode::from(2);
        }
    };
    init_log();
    match run(&options).await {
        Ok(report) => {
            print_line(io::stderr(), format_args!("{report}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            print_line(
                io::stderr(),
                format_args!("the service cannot run: {error:#} [{}]", error.code()),
            );
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<SystemReport> {
    let system = ErrorSystem::builder()
        .health(
            HealthConfig::builder()
                .period(Duration::from_secs(2))
                .stale_after(Duration::from_secs(10)),
        )
        .journal(JournalConfig::builder(options.data.join("journal")))
        .alerts(AlertsConfig::builder())
        .shutdown_deadline(Duration::from_secs(3))
        .init()?;
    for warning in system.warnings() {
        print_line(io::stderr(), format_args!("warning: {warning}"));
    }

    let dashboard = Dashboard::builder().title("orders").build()?;
    let metrics = metrics::Metrics::install()?;
    let provider = upstream::start().await?;
    let orders = orders::Orders::open(&options.data.join("orders.sqlite"))?;
    let payments = payments::Payments::new(provider.url());
    checks::register(&orders, &payments)?;

    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
        .await
        .context(ErrorCode::INITIALIZATION_ERROR, "the port cannot be opened")?;
    let address = listener.local_addr()?;
    // Before the address is printed: from then on a signal may arrive.
    let signals = Signals::new().context(
        ErrorCode::INITIALIZATION_ERROR,
        "signal handlers cannot be installed",
    )?;
    let (provided, kept) = (provider.url(), options.data.display());
    print_line(
        io::stdout(),
        format_args!(
            "listening on http://{address}, the payment provider on {provided}, data in {kept}"
        ),
    );

    let app = web::App {
        metrics,
        orders,
        payments,
        provider,
    };
    let router = web::router(app, &dashboard).into_make_service_with_connect_info::<SocketAddr>();
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(wait_for_signals(signals, stop));
    let (closing, closed) = oneshot::channel();
    let shutdown = async move {
        let _ = stopped.await;
        health_check().mark_stopping();
        // Its connections would keep the service until the time for requests is over.
        dashboard.close();
        print_line(
            io::stderr(),
            format_args!(
                "ending: no new requests, those under way have {} s",
                GRACE.as_secs()
            ),
        );
        let _ = closing.send(());
    };
    let served = axum::serve(listener, router).with_graceful_shutdown(shutdown);
    tokio::select! {
        served = served => served?,
        // A client that sends half a request and waits would keep the service for ever.
        () = grace_after(closed) => print_line(io::stderr(), "requests were still under way: they are cut off"),
    }
    // Requests are done; notifications and records that wait are not yet.
    Ok(system.shutdown())
}

/// Writes a line. A reader that is gone does not stop the service.
fn print_line(mut to: impl io::Write, what: impl fmt::Display) {
    let _ = writeln!(to, "{what}");
}

/// How long requests in progress may take after the first signal.
const GRACE: Duration = Duration::from_secs(3);

async fn grace_after(closed: oneshot::Receiver<()>) {
    let _ = closed.await;
    tokio::time::sleep(GRACE).await;
}

/// The first signal begins the orderly shutdown, the second one ends the program at once.
async fn wait_for_signals(mut signals: Signals, stop: oneshot::Sender<()>) {
    signals.next().await;
    let _ = stop.send(());
    signals.next().await;
    print_line(io::stderr(), "second signal: ending at once");
    std::process::exit(1);
}

/// Writes errors to standard error, or what `RUST_LOG` selects, for example `gardefou=debug`.
fn init_log() {
    let requested = std::env::var_os("RUST_LOG");
    let filter = requested
        .as_ref()
        .and_then(|filter| filter.to_str()?.parse::<Targets>().ok());
    if requested.is_some() && filter.is_none() {
        print_line(
            io::stderr(),
            "warning: RUST_LOG is not a valid filter: write it as gardefou=debug",
        );
    }
    let filter = filter.unwrap_or_else(|| {
        Targets::new().with_target("gardefou", tracing_subscriber::filter::LevelFilter::ERROR)
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false);
    tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .init();
}

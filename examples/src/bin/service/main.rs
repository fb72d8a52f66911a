//! A small order service that stays on its feet while the payment provider behind it does not.
//!
//! ```text
//! cargo run --bin service -- [--port 8080] [--data FOLDER]
//! cargo run --bin service_load -- http://127.0.0.1:8080
//! ```
//!
//! Orders go into SQLite inside a transaction boundary and are paid through a real HTTP call that
//! attributes guard. Errors leave as problem details, probes answer from memory, the journal keeps
//! what went wrong, and the end is orderly. See `README.md` beside this file for what to watch.

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
    health_check, monitor::journal::JournalConfig, system::ShutdownReport,
};
use options::Options;
use signals::Signals;
use std::{fmt, io, net::Ipv4Addr, process::ExitCode, time::Duration};
use tokio::sync::oneshot;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::read(std::env::args_os().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            say(io::stdout(), options::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            say(
                io::stderr(),
                format_args!("service: {problem}\n\n{}", options::USAGE),
            );
            return ExitCode::from(2);
        }
    };
    show_log();
    match run(&options).await {
        Ok(report) => {
            say(io::stderr(), format_args!("{report}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(
                io::stderr(),
                format_args!("the service cannot run: {error:#} [{}]", error.code()),
            );
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<ShutdownReport> {
    let system = ErrorSystem::builder()
        .health(
            HealthConfig::default()
                .period(Duration::from_secs(2))
                .stale_after(Duration::from_secs(10)),
        )
        .journal(JournalConfig::builder(options.data.join("journal")))
        .alerts(AlertsConfig::builder())
        .shutdown_deadline(Duration::from_secs(3))
        .init()?;
    for warning in system.warnings() {
        say(io::stderr(), format_args!("warning: {warning}"));
    }

    let provider = upstream::start().await?;
    let orders = orders::Orders::open(&options.data.join("orders.sqlite"))?;
    let payments = payments::Payments::new(provider.url());
    checks::register(&orders, &payments)?;

    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
        .await
        .context(ErrorCode::INITIALIZATION_ERROR, "the port cannot be opened")?;
    let address = listener.local_addr()?;
    // Before anybody is told that the service is there: from then on it may be asked to end.
    let signals =
        Signals::new().context(ErrorCode::INITIALIZATION_ERROR, "signals cannot be heard")?;
    let (provided, kept) = (provider.url(), options.data.display());
    say(
        io::stdout(),
        format_args!(
            "listening on http://{address}, the payment provider on {provided}, data in {kept}"
        ),
    );

    let router = web::router(web::App {
        orders,
        payments,
        provider,
    });
    let (ending, asked) = oneshot::channel();
    tokio::spawn(hear(signals, ending));
    let (closing, closed) = oneshot::channel();
    let stop = async {
        let _ = asked.await;
        health_check().mark_stopping();
        say(
            io::stderr(),
            format_args!(
                "ending: no new requests, those under way have {} s",
                GRACE.as_secs()
            ),
        );
        let _ = closing.send(());
    };
    let served = axum::serve(listener, router).with_graceful_shutdown(stop);
    tokio::select! {
        served = served => served?,
        // A client that sends half a request and waits would keep the service for ever.
        () = grace_after(closed) => say(io::stderr(), "requests were still under way: they are cut off"),
    }
    // Requests are done; now what waits to be sent or written.
    Ok(system.shutdown())
}

/// Writes a line for whoever started the program; if nobody reads it any more, the service goes on
/// all the same.
fn say(mut to: impl io::Write, what: impl fmt::Display) {
    let _ = writeln!(to, "{what}");
}

/// How long requests under way may take once the program is asked to end.
const GRACE: Duration = Duration::from_secs(3);

async fn grace_after(closed: oneshot::Receiver<()>) {
    let _ = closed.await;
    tokio::time::sleep(GRACE).await;
}

/// The first signal begins the orderly end, the second one ends the program on the spot.
async fn hear(mut signals: Signals, ending: oneshot::Sender<()>) {
    signals.next().await;
    let _ = ending.send(());
    signals.next().await;
    say(io::stderr(), "asked a second time: ending at once");
    std::process::exit(1);
}

/// Writes warnings and worse to standard error, or what `RUST_LOG` asks for, as `gardefou=debug`.
fn show_log() {
    let asked = std::env::var_os("RUST_LOG");
    let filter = asked
        .as_ref()
        .and_then(|filter| filter.to_str()?.parse::<Targets>().ok());
    if asked.is_some() && filter.is_none() {
        say(
            io::stderr(),
            "warning: RUST_LOG asks for nothing that can be shown: write it as gardefou=debug",
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

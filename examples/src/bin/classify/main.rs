//! Classifies a folder of recordings while its dependencies misbehave.
//!
//! Run it with `cargo run` for the recordings that come with gardefou, or `cargo run -- FOLDER` for
//! your own. What it shows: a broken file is isolated and the others go on (`work`), a transaction
//! that fails part-way through leaves no trace (`store`), and a service that breaks, hangs and
//! recovers is neither hammered nor given up (`client`).

mod alerts;
mod analysis;
mod breaker_history;
mod client;
mod codes;
mod folder;
mod log;
mod options;
mod outcome;
mod page;
mod report;
mod service;
mod store;
mod surroundings;
mod terminal;
mod wav;
mod work;

use breaker_history::BreakerHistory;
use client::Client;
use gardefou::{
    Result,
    time::{Clock, SystemClock, Timestamp},
};
use options::Options;
use outcome::{Outcome, Problem};
use service::Service;
use std::process::ExitCode;
use store::Store;
use surroundings::Surroundings;
use terminal::Terminal;
use work::Work;

fn main() -> ExitCode {
    let mut terminal = Terminal::new();
    if let Err(problem) = log::init() {
        terminal.complain(&format!("classify: {problem}"));
    }
    let run = options::parse(std::env::args_os().skip(1)).and_then(|options| match options {
        Some(options) => run(&options, &mut terminal),
        None => {
            terminal.line(options::HELP);
            Ok(codes::ALL_WELL)
        }
    });
    let status = run.unwrap_or_else(|error| {
        let (code, why) = (error.code(), outcome::with_cause(&*error));
        terminal.complain(&format!(
            "classify: {} {}: {why}",
            code.number(),
            code.name()
        ));
        codes::NOT_STARTED
    });
    let Some(problem) = terminal.problem() else {
        return ExitCode::from(status);
    };
    terminal.complain(&format!(
        "classify: standard output cannot be written: {problem}"
    ));
    ExitCode::from(status.max(codes::NOT_ALL_WELL))
}

fn run(options: &Options, terminal: &mut Terminal) -> Result<u8> {
    let (started, begin) = (SystemClock.now(), Timestamp::from(SystemClock.wall()));
    let _system = surroundings::init(options)?;
    let dashboard = page::begin()?;
    let listing = folder::list(&options.folder)?;
    let service = Service::start()?;
    let client = Client::new(service.url());
    let breaker = BreakerHistory::new(client::BREAKER);
    let alerts = alerts::start(client.clone())?;
    surroundings::register_checks(options, &client)?;
    let shown = folder::printable(&options.folder);

    let mut outcome = Outcome {
        skipped: listing.skipped,
        ..Outcome::default()
    };
    match outcome::expected(&options.folder) {
        Ok(expected) => outcome.expected = expected,
        Err(error) => outcome.no_list = Some(Problem::new(outcome::EXPECTED, &error)),
    }
    outcome.skipped.retain(|name| name != outcome::EXPECTED);
    let store = Store::open(&options.database, &shown)
        .map_err(|error| {
            outcome.no_store = Some(Problem::new(&folder::printable(&options.database), &error));
        })
        .ok();

    terminal.line(&format!(
        "{} in {shown}",
        terminal::count(listing.entries.len(), "recording")
    ));
    terminal.line(&format!(
        "results go to {} and to {}",
        folder::printable(&options.database),
        service.url()
    ));
    let outcome = Work::new(store, client, terminal, outcome).run(listing.entries);

    let flushed = alerts::flush(&alerts);
    let arrived = service.alerts(begin);
    let around = Surroundings {
        breaker: breaker.line(),
        alerts: alerts::line(&alerts, flushed, arrived.1.len()),
        arrived,
        requests: service.requests(),
        seconds: SystemClock.now().since(started).as_secs_f64(),
        ..Surroundings::collect(options)
    };
    let page = page::write(&dashboard, options);
    Ok(report::show(terminal, &outcome, &around, &page))
}

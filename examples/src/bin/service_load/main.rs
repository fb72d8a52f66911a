//! A bounded load for the `service` example.
//!
//! ```text
//! cargo run --bin service_load -- [http://127.0.0.1:8080]
//! ```
//!
//! Eight clients place orders, one requests the probes every 20 ms, for three seconds in each of four phases:
//! the payment provider is well, hangs, fails, and is well again. It talks to loopback only.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool prints"
)]

mod target;

use std::{
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use tokio::time::Instant;

const PHASES: [&str; 4] = ["ok", "hang", "fail", "ok"];
const PHASE: Duration = Duration::from_secs(3);
const CLIENTS: usize = 8;
/// A client that is rejected at once waits this long before the next order.
const PAUSE: Duration = Duration::from_millis(10);
const PROBE_EVERY: Duration = Duration::from_millis(20);

/// What was seen in one phase: HTTP status and time of each answer.
#[derive(Debug, Default)]
struct Seen {
    orders: Mutex<Vec<(u16, Duration)>>,
    probes: Mutex<Vec<(&'static str, u16, Duration)>>,
}

/// What the guards of an order allow in all: three attempts of 250 ms and two waits of at most 40
/// ms.
const GUARDS: Duration = Duration::from_millis(3 * 250 + 2 * 40);
/// What a busy machine may add to it.
const SLACK: Duration = Duration::from_secs(2);

const USAGE: &str = "\
usage: service_load [http://127.0.0.1:8080]

Only addresses of this machine itself (loopback) are loaded.

Exit status: 0 where every order was answered within the bound and every probe with
200, 1 where one was not or the service does not answer, 2 for wrong arguments.";

fn main() -> ExitCode {
    let url = match target::read(std::env::args_os().skip(1)) {
        Ok(Some(address)) => format!("http://{address}"),
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("service_load: {problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    println!(
        "provider    orders   201   502   503   504  other   p50 ms   p99 ms   max ms | probes  livez  readyz  max ms"
    );
    let (mut slowest, mut unanswered, mut failed_probes) = (Duration::ZERO, 0, 0);
    for behaviour in PHASES {
        if let Err(error) = agent()
            .post(format!("{url}/provider/{behaviour}"))
            .send_empty()
        {
            eprintln!("the service does not answer: {error}");
            return ExitCode::FAILURE;
        }
        let seen = run_phase(&url);
        slowest = slowest.max(report(behaviour, &seen));
        unanswered += seen
            .orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .filter(|each| each.0 == 0)
            .count();
        let probes = seen.probes.lock().unwrap_or_else(PoisonError::into_inner);
        failed_probes += probes
            .iter()
            .filter(|(_, status, _)| *status != 200)
            .count();
    }
    println!(
        "slowest order {} ms; its guards allow 3 attempts of 250 ms and two waits of at most 40 ms, the bound here is {} ms",
        slowest.as_millis(),
        (GUARDS + SLACK).as_millis()
    );
    if slowest <= GUARDS + SLACK && unanswered == 0 && failed_probes == 0 {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "unexpected result: {unanswered} orders without an answer, {failed_probes} probes not answered with 200"
    );
    ExitCode::FAILURE
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(10)));
    config
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into()
}

fn run_phase(url: &str) -> Seen {
    let (seen, over) = (Seen::default(), AtomicBool::new(false));
    let ended = || over.load(Ordering::Relaxed);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (seen, ended) = (&seen, &ended);
            scope.spawn(move || {
                let agent = agent();
                while !ended() {
                    let body = format!(r#"{{"item":"tea of client {client}","cents":450}}"#);
                    let begin = Instant::now();
                    let status = agent
                        .post(format!("{url}/orders"))
                        .send(body)
                        .map_or(0, |answer| answer.status().as_u16());
                    keep(&seen.orders, (status, begin.elapsed()));
                    wait(PAUSE);
                }
            });
        }
        scope.spawn(|| {
            let agent = agent();
            while !ended() {
                for path in ["livez", "readyz"] {
                    let begin = Instant::now();
                    let status = agent
                        .get(format!("{url}/{path}"))
                        .call()
                        .map_or(0, |answer| answer.status().as_u16());
                    keep(&seen.probes, (path, status, begin.elapsed()));
                }
                wait(PROBE_EVERY);
            }
        });
        wait(PHASE);
        over.store(true, Ordering::Relaxed);
    });
    seen
}

#[expect(
    clippy::disallowed_methods,
    reason = "a load script lives in real time"
)]
fn wait(time: Duration) {
    thread::sleep(time);
}

fn keep<T>(list: &Mutex<Vec<T>>, item: T) {
    list.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(item);
}

/// Prints the line of a phase and returns the time of its slowest order.
fn report(behaviour: &str, seen: &Seen) -> Duration {
    let orders = seen.orders.lock().unwrap_or_else(PoisonError::into_inner);
    let probes = seen.probes.lock().unwrap_or_else(PoisonError::into_inner);
    let count = |status: u16| orders.iter().filter(|(seen, _)| *seen == status).count();
    let counts = [201, 502, 503, 504].map(count);
    let other = orders.len() - counts.iter().sum::<usize>();
    let mut times: Vec<Duration> = orders.iter().map(|(_, time)| *time).collect();
    times.sort_unstable();
    let at = |share: f64| {
        let place = (times.len() as f64 * share) as usize;
        times
            .get(place.min(times.len().saturating_sub(1)))
            .map_or(0.0, millis)
    };
    // The worst status of each probe: 200 unless it ever was something else.
    let worst = |path| {
        probes
            .iter()
            .filter(|(seen, ..)| *seen == path)
            .map(|(_, status, _)| *status)
            .max()
            .unwrap_or(0)
    };
    let slowest_probe = probes
        .iter()
        .map(|(.., time)| *time)
        .max()
        .unwrap_or_default();
    let [created, bad, open, late] = counts;
    println!(
        "{behaviour:<8} {:>9} {created:>5} {bad:>5} {open:>5} {late:>5} {other:>6} {:>8.1} {:>8.1} {:>8.1} | {:>6} {:>6} {:>7} {:>7.1}",
        orders.len(),
        at(0.5),
        at(0.99),
        at(1.0),
        probes.len(),
        worst("livez"),
        worst("readyz"),
        millis(&slowest_probe),
    );
    times.last().copied().unwrap_or_default()
}

fn millis(time: &Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

//! A process with guards of all kinds under a simulated load, to look at the page.
//!
//! `cargo run -p gardefou-dashboard --example demo -- [PORT [VIEWERS]]`, then open the address that it prints. Lines
//! on the standard input change what happens: `fail payments`, `recover payments`, `force mail`, `guards
//! 1000`, `error some text`, `hostile`, `report FILE`, `end`.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use axum::Router;
use gardefou::{
    AppError, ErrorCode, ErrorSystem,
    alerts::{AlertsConfig, CallbackChannel, DeliveryError, Rule},
    breaker::CircuitBreaker,
    bulkhead::Bulkhead,
    circuit_breakers, enhanced_error_handling,
    health::{Check, health},
    monitor::journal::MemoryJournal,
    rate_limit::RateLimiter,
    report, retry,
    retry::{Retry, RetryBudget},
    with_circuit_breaker,
};
use gardefou_dashboard::Dashboard;
use std::{
    collections::HashSet,
    error::Error,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::io::{AsyncBufReadExt, BufReader};

#[with_circuit_breaker(name = "invoices", failure_threshold = 3)]
fn print_invoice(order: u32) -> Result<u32, AppError> {
    Ok(order)
}

#[retry(max_retries = 2)]
fn refund(order: u32) -> Result<u32, AppError> {
    Ok(order)
}

#[enhanced_error_handling(error_code = ErrorCode::SYNC_ERROR)]
fn synchronise(round: u32) -> Result<u32, AppError> {
    Ok(round)
}

/// What fails now, by the name of the dependency.
#[derive(Clone, Debug, Default)]
struct Failing(Arc<Mutex<HashSet<String>>>);

impl Failing {
    fn has(&self, name: &str) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(name)
    }

    fn set(&self, name: &str, fails: bool) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if fails {
            names.insert(name.to_owned());
        } else {
            names.remove(name);
        }
    }
}

/// The guards under load.
struct Load {
    failing: Failing,
    breakers: Vec<CircuitBreaker>,
    reports: Bulkhead,
    exports: Bulkhead,
    sms: RateLimiter,
    retry: Retry,
    round: u64,
}

impl Load {
    fn new(failing: Failing) -> Result<Self, Box<dyn Error>> {
        let breakers = circuit_breakers();
        let second = Duration::from_secs(1);
        let payments = breakers.get_or_create("payments", |b| {
            b.failure_threshold(5).recovery_timeout(20 * second)
        })?;
        let search = breakers.get_or_create("search", |b| {
            b.count_window(50)
                .failure_rate(0.5)
                .min_calls(10)
                .slow_call(second / 4)
        })?;
        let mail = breakers.get_or_create("mail", |b| {
            b.time_window(60 * second).failure_rate(0.8).min_calls(20)
        })?;
        let geocoder = breakers.get_or_create("geocoder", |b| b.recovery_timeout(second * 5))?;
        let budget = RetryBudget::builder()
            .name("outgoing")
            .burst(40)
            .floor(1)
            .build()?;
        Ok(Self {
            failing,
            breakers: vec![payments, search, mail, geocoder],
            reports: Bulkhead::builder("reports")
                .max_concurrent(6)
                .max_queue(8)
                .max_wait(second)
                .build_shared()?,
            exports: Bulkhead::builder("exports")
                .max_concurrent(2)
                .build_shared()?,
            sms: RateLimiter::builder("sms")
                .rate("5/s")
                .burst(20)
                .build_shared()?,
            retry: Retry::builder()
                .name("fetch-rates")
                .max_retries(2)
                .initial_delay(Duration::ZERO)
                .budget(budget)
                .build()?,
            round: 0,
        })
    }

    /// One round of calls; some of them fail.
    fn run(&mut self) {
        self.round += 1;
        let round = self.round;
        for (place, breaker) in self.breakers.iter().enumerate() {
            let calls = 1 + (round / 7 + place as u64) % 4;
            for call in 0..calls {
                let Ok(permit) = breaker.try_acquire() else {
                    continue;
                };
                let fails = self.failing.has(breaker.name())
                    || (round + call).is_multiple_of(17 + 6 * place as u64);
                if fails {
                    let text = format!("{} does not answer", breaker.name());
                    permit.failure_because(&text);
                    let cause = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
                    report(
                        &AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, text)
                            .with_source(cause)
                            .with_detail("round", round),
                    );
                } else {
                    permit.success();
                }
            }
        }
        if round.is_multiple_of(3) {
            let _ = self.sms.try_acquire();
        }
        let tried = std::cell::Cell::new(0);
        let _ = self.retry.call(|| {
            tried.set(tried.get() + 1);
            match round.is_multiple_of(11) && tried.get() < 3 {
                true => Err(AppError::new(
                    ErrorCode::TIMEOUT_ERROR,
                    "no answer within 2 s",
                )),
                false => Ok(()),
            }
        });
        let _ = synchronise(1).and_then(print_invoice);
    }
}

/// Texts that would do harm if they were markup.
const HOSTILE: [&str; 5] = [
    "<script>document.title = 'owned'</script>",
    "</script><img src=x onerror=\"document.title = 'owned'\">",
    "\u{2028}document.title = 'owned'",
    "\u{202e}gpj.exe",
    "a\0b",
];

fn say_hostile_things() {
    for (number, text) in HOSTILE.into_iter().enumerate() {
        if let Ok(breaker) = circuit_breakers().get_or_create(text, |b| b.failure_threshold(1))
            && let Ok(permit) = breaker.try_acquire()
        {
            permit.failure_because(text);
        }
        let error = AppError::new(ErrorCode::API_REQUEST_ERROR, text);
        report(
            &error
                .with_source(std::io::Error::other(text))
                .with_detail(text, text),
        );
        let name = format!("hostile-{number}");
        let _ = health().register_check(name, move || Err::<(), _>(text));
    }
    health().run_all_checks();
}

fn register_checks(failing: &Failing) -> Result<(), Box<dyn Error>> {
    let payments = failing.clone();
    let second = Duration::from_secs(1);
    health().register(
        Check::dependency("payment-provider", move || match payments.has("payments") {
            true => Err("connection refused"),
            false => Ok(()),
        })
        .critical()
        .period(second)
        .failure_threshold(1),
    )?;
    health().register(Check::dependency("database", || true).period(second))?;
    health().register(
        Check::dependency("exchange-rates", || {
            Err::<(), _>("the rates are of yesterday")
        })
        .informational()
        .period(5 * second),
    )?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = match std::env::args().nth(1) {
        Some(port) => port.parse()?,
        None => 8090,
    };
    let alerts = AlertsConfig::builder()
        .rule(Rule::breakers("circuits"))
        .rule(Rule::immediate("errors"))
        .channel(CallbackChannel::new("pager", |_| Ok(())))
        .channel(CallbackChannel::new("mail", |_| {
            Err(DeliveryError::permanent("550 no such mailbox"))
        }));
    let system = ErrorSystem::builder()
        .journal_in(Arc::new(MemoryJournal::new()))
        .alerts(alerts)
        .init()?;
    let mut dashboard = Dashboard::builder().title("demo service");
    if let Some(viewers) = std::env::args().nth(2) {
        dashboard = dashboard.max_viewers(viewers.parse()?);
    }
    let dashboard = dashboard.build()?;
    let failing = Failing::default();
    register_checks(&failing)?;
    let mut load = Load::new(failing.clone())?;
    let _running = [
        load.reports.try_acquire()?,
        load.reports.try_acquire()?,
        load.exports.try_acquire()?,
    ];
    tokio::spawn(async move {
        let mut rounds = tokio::time::interval(Duration::from_millis(100));
        loop {
            rounds.tick().await;
            load.run();
        }
    });

    let app: Router = dashboard.router().loopback_only();
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!(
        "http://localhost:{}/gardefou",
        listener.local_addr()?.port()
    );
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async { axum::serve(listener, service).await });

    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let (command, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match command {
            "fail" => failing.set(rest, true),
            "recover" => failing.set(rest, false),
            "force" => circuit_breakers().get_or_create(rest, |b| b)?.force_open(),
            "guards" => {
                for number in 0..rest.parse()? {
                    circuit_breakers().get_or_create(&format!("tenant-{number:04}"), |b| b)?;
                }
            }
            "calls" => {
                for breaker in circuit_breakers().snapshots().iter().take(rest.parse()?) {
                    if let Some(permit) = circuit_breakers()
                        .get(&breaker.name)
                        .and_then(|b| b.try_acquire().ok())
                    {
                        permit.success();
                    }
                }
            }
            "error" => {
                report(&AppError::new(ErrorCode::MODEL_LOADING_ERROR, rest));
            }
            "hostile" => say_hostile_things(),
            "report" => std::fs::write(rest, dashboard.report().html())?,
            "end" => break,
            other => println!("unknown: {other}"),
        }
        println!("done {line}");
    }
    dashboard.close();
    system.shutdown();
    let _: fn(u32) -> Result<u32, AppError> = refund;
    Ok(())
}

//! One process of the service: a guarded call of the inventory, the fleet, a journal that is shipped, and the dashboard.

use crate::{Servers, line};
use axum::{Router, extract::Path, extract::State, routing::get};
use gardefou::{
    AppError, ErrorCode, ErrorSystem, Result, ResultExt, enhanced_error_handling, fleet::Fleet,
    health_check, integrations::axum::problems, monitor::journal::JournalConfig,
    with_circuit_breaker,
};
use gardefou_dashboard::Dashboard;
use gardefou_postgres::{DatabaseConfig, PostgresShipper};
use gardefou_redis::RedisStore;
use std::{
    io::{self, Read},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    thread,
    time::Duration,
};
use tokio::sync::oneshot;

/// The first argument of such a process.
pub(crate) const COMMAND: &str = "instance";
/// The name of the fleet: the same in all processes.
pub(crate) const SERVICE: &str = "shop";
/// The circuit breaker before the inventory, which the fleet shares.
pub(crate) const BREAKER: &str = "inventory";

/// Asks the inventory. All instances share the circuit breaker: five failures in a row of any of them open it everywhere,
/// and one probe of one of them closes it.
#[enhanced_error_handling(error_code = ErrorCode::EXTERNAL_SERVICE_ERROR)]
#[with_circuit_breaker(
    name = "inventory",
    failure_threshold = 5,
    recovery_timeout = "2s",
    half_open_timeout = "1m",
    shared = true
)]
fn stock(inventory: &Inventory, article: &str) -> Result<String> {
    let mut answer = inventory
        .agent
        .get(format!("{}/{article}", inventory.url))
        .call()?;
    match answer.status().as_u16() {
        200 => Ok(answer.body_mut().read_to_string()?),
        // The caller's fault: not held against the inventory.
        404 => Err(AppError::new(
            ErrorCode::API_REQUEST_ERROR,
            "there is no such article",
        )),
        status => Err(AppError::new(
            ErrorCode::EXTERNAL_SERVICE_ERROR,
            format!("the inventory answers {status}"),
        )),
    }
}

/// The client of the inventory.
struct Inventory {
    agent: ureq::Agent,
    url: String,
}

async fn show_stock(
    State(inventory): State<Arc<Inventory>>,
    Path(article): Path<String>,
) -> Result<String> {
    // The client blocks.
    tokio::task::block_in_place(|| stock(&inventory, &article))
}

/// Runs an instance until its standard input ends: `instance NAME FOLDER INVENTORY`.
#[tokio::main]
pub(crate) async fn run(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let mut next = || arguments.next().code(ErrorCode::CONFIG_ERROR);
    let (name, folder, url) = (next()?, PathBuf::from(next()?), next()?);
    let servers = Servers::from_env()?;

    let store = RedisStore::builder(servers.redis).build()?;
    let system = ErrorSystem::builder()
        .service(SERVICE)
        .journal(JournalConfig::builder(&folder))
        .fleet(Fleet::builder(SERVICE).instance(&*name).store(store))
        .init()?;
    let database = DatabaseConfig::builder(servers.postgres).build()?;
    let shipper = PostgresShipper::builder(&folder, database).build()?;
    health_check().register(shipper.health_check())?;
    let dashboard = Dashboard::builder().title(&*name).build()?;

    let config = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(60)))
        .http_status_as_error(false)
        .proxy(None);
    let inventory = Inventory {
        agent: config.build().into(),
        url,
    };
    let router = Router::new()
        .route("/stock/{article}", get(show_stock))
        .with_state(Arc::new(inventory))
        .merge(dashboard.router().loopback_only());
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    line(io::stdout(), listener.local_addr()?);

    let router = problems(router).into_make_service_with_connect_info::<SocketAddr>();
    let input_ended = end_of_input();
    let shutdown = async move {
        tokio::select! {
            _ = input_ended => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        // Its viewers would keep the process.
        dashboard.close();
    };
    axum::serve(listener, router)
        .with_graceful_shutdown(shutdown)
        .await?;
    system.shutdown();
    // Ships what is left.
    drop(shipper);
    Ok(())
}

/// Waits for the end of the input: the process that started this one closes it, or has ended.
fn end_of_input() -> oneshot::Receiver<()> {
    let (ended, end) = oneshot::channel();
    thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    end
}

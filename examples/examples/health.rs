//! Health checks: liveness, readiness and startup, answered from memory.
//!
//! `cargo run -p gardefou-examples --example health`

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use gardefou::{
    ErrorCode, Result, ensure,
    health::{Check, CheckResult, Probes, Status, builtin::MemoryUsage},
    health_check,
};
use std::sync::atomic::{AtomicBool, Ordering};

/// Stands for the connection to a database.
static CONNECTED: AtomicBool = AtomicBool::new(true);

fn ping() -> Result<()> {
    let connected = CONNECTED.load(Ordering::Relaxed);
    ensure!(connected, ErrorCode::DB_CONNECTION_ERROR, "no route");
    Ok(())
}

/// Declared where it is written; `init_error_system` registers it.
#[health_check(name = "model", kind = "startup", timeout = "2s")]
fn model_is_loaded() -> Result<()> {
    Ok(())
}

fn main() -> Result<()> {
    let _guard = gardefou::init_error_system()?;
    let health = health_check();

    // Registered by name: without the database the program is not ready.
    let database = Check::dependency("database", ping).critical();
    health.register(database.failure_threshold(1))?;
    health.register_check("queue", || CheckResult::warn("150 jobs wait"))?;
    health.register(MemoryUsage::new().check())?;

    let report = health.run_all_checks();
    assert_eq!(report.status(), Status::Warn);
    println!("status: {}", report.status());

    // The answers to the three questions, for any HTTP server. axum has a router of them.
    let probes = Probes::new(health.clone());
    assert_eq!(probes.respond("GET", "/readyz", false).status(), 200);
    CONNECTED.store(false, Ordering::Relaxed);
    assert_eq!(health.run_check("database")?.status, Status::Fail);
    assert_eq!(probes.respond("GET", "/readyz", false).status(), 503);
    // A restart would not help: the program is alive.
    assert_eq!(probes.respond("GET", "/livez", false).status(), 200);
    Ok(())
}

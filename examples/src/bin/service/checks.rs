//! The service's health checks.

use crate::{orders::Orders, payments::Payments};
use gardefou::{
    Result,
    health::{
        Check, Criticality,
        builtin::{ErrorRate, MemoryUsage, RuntimeLag},
    },
    health_check,
};
use std::time::Duration;

/// Registers the checks. The database is critical: without it there are no orders. The provider is
/// not: without it orders are refused for a while.
pub(crate) fn register(orders: &Orders, payments: &Payments) -> Result<()> {
    let (orders, payments) = (orders.clone(), payments.clone());
    let health = health_check();
    let database = Check::dependency("orders-db", move || orders.try_write())
        .critical()
        .group("storage");
    health.register(
        database
            .failure_threshold(2)
            .period(Duration::from_secs(1))
            .timeout(Duration::from_secs(2)),
    )?;
    // What only a commit finds, as a full disk, shows in the orders that fail.
    health.set_breaker_criticality(Orders::BREAKER, Criticality::Critical);
    let ping = move || {
        let payments = payments.clone();
        async move { payments.ping().await }
    };
    let provider = Check::dependency_async("payment-provider", ping)
        .failure_threshold(2)
        .period(Duration::from_secs(1));
    health.register(provider.timeout(Duration::from_millis(500)))?;
    health.register(MemoryUsage::new().check())?;
    health.register(ErrorRate::new().warn_at(30.0).fail_at(100_000.0).check())?;
    // Only a critical check makes a probe fail: a runtime that is late for good is a reason to
    // restart.
    health.register(RuntimeLag::new().check().liveness().readiness().critical())?;
    Ok(())
}

/// SQLite puts large sorts and the like into temporary files: until one can be written the service
/// has not started.
#[health_check(
    name = "temp-folder",
    kind = "startup",
    criticality = "critical",
    timeout = "2s",
    group = "storage"
)]
fn temporary_files_can_be_written() -> std::io::Result<()> {
    let path = std::env::temp_dir().join(format!("gardefou-service-{}", std::process::id()));
    let written = std::fs::write(&path, "one line\n");
    // Also what was written only in part.
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}

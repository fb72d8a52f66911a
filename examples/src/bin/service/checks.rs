//! The service's health checks.

use crate::{orders::Orders, payments::Payments};
use gardefou::{
    Result,
    health::{
        Check,
        builtin::{ErrorRate, MemoryUsage, RuntimeLag},
    },
    health_check,
};
use std::time::Duration;

/// Without the database there is no service; without the provider there is one that takes no money for a while.
pub(crate) fn register(orders: &Orders, payments: &Payments) -> Result<()> {
    let (orders, payments) = (orders.clone(), payments.clone());
    let health = health_check();
    health.register(Check::dependency("orders-db", move || orders.ping()).critical().group("storage"))?;
    let ping = move || {
        let payments = payments.clone();
        async move { payments.ping().await }
    };
    let provider =
        Check::dependency_async("payment-provider", ping).failure_threshold(2).period(Duration::from_secs(1));
    health.register(provider.timeout(Duration::from_millis(500)))?;
    health.register(MemoryUsage::new().check())?;
    health.register(ErrorRate::new().warn_at(30.0).fail_at(100_000.0).check())?;
    health.register(RuntimeLag::new().check().liveness().readiness())?;
    Ok(())
}

/// The process can serve nothing without a writable folder for its temporary files: declared where it is written.
#[health_check(name = "temp-folder", kind = "startup", timeout = "2s", group = "storage")]
fn temp_folder_exists() -> bool {
    std::env::temp_dir().is_dir()
}

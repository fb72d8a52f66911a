//! A page of numbers in the text format of Prometheus.

use crate::orders::Orders;
use gardefou::{Result, circuit_breakers, error_monitor, health::Status, health_check};
use std::fmt::Write as _;

/// Writes the page.
pub(crate) fn page(orders: &Orders) -> Result<String> {
    let mut page = String::new();
    let monitor = error_monitor().snapshot();
    page.push_str("# TYPE errors_total counter\n");
    for code in &monitor.codes {
        writeln!(page, "errors_total{{code=\"{}\"}} {}", code.name, code.count)?;
    }
    page.push_str("# TYPE breaker_calls_total counter\n# TYPE breaker_closed gauge\n");
    for breaker in circuit_breakers().snapshots() {
        let (name, counts) = (label(&breaker.name), breaker.counts);
        let outcomes = [("success", counts.success), ("failure", counts.failure), ("rejected", counts.rejected)];
        for (outcome, count) in outcomes {
            writeln!(page, "breaker_calls_total{{breaker=\"{name}\",outcome=\"{outcome}\"}} {count}")?;
        }
        let closed = u8::from(breaker.state.name() == "closed");
        writeln!(page, "breaker_closed{{breaker=\"{name}\",state=\"{}\"}} {closed}", breaker.state.name())?;
    }
    page.push_str("# TYPE health gauge\n");
    for check in health_check().health_status().checks() {
        let value = match check.status {
            Status::Pass => 1.0,
            Status::Warn => 0.5,
            Status::Fail => 0.0,
        };
        writeln!(page, "health{{check=\"{}\"}} {value}", label(&check.name))?;
    }
    page.push_str("# TYPE orders gauge\n");
    for (state, count) in orders.states()? {
        writeln!(page, "orders{{state=\"{}\"}} {count}", label(&state))?;
    }
    Ok(page)
}

/// A text as it may stand between the quotes of a label.
fn label(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

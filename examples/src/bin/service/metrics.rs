//! A page of numbers in the text format of Prometheus.

use crate::orders::Orders;
use gardefou::{
    Result, breaker::CircuitState, circuit_breakers, error_monitor, health::Status, health_check,
};
use std::fmt::{self, Write as _};

/// Writes the page: the samples of each metric stand together, below what the metric is.
pub(crate) fn page(orders: &Orders) -> Result<String> {
    let mut page = String::new();

    metric(
        &mut page,
        "errors_total",
        "counter",
        "Errors that were reported, by code.",
    )?;
    for code in &error_monitor().snapshot().codes {
        sample(
            &mut page,
            "errors_total",
            &[("code", &code.name)],
            code.count,
        )?;
    }

    let breakers = circuit_breakers().snapshots();
    metric(
        &mut page,
        "breaker_calls_total",
        "counter",
        "Calls through a circuit breaker, by outcome.",
    )?;
    for breaker in &breakers {
        let counts = breaker.counts;
        let outcomes = [
            ("success", counts.success),
            ("failure", counts.failure),
            ("rejected", counts.rejected),
        ];
        for (outcome, count) in outcomes {
            sample(
                &mut page,
                "breaker_calls_total",
                &[("breaker", &breaker.name), ("outcome", outcome)],
                count,
            )?;
        }
    }
    metric(
        &mut page,
        "breaker_state",
        "gauge",
        "1 for the state that a circuit breaker is in, 0 for the others.",
    )?;
    for breaker in &breakers {
        for state in STATES {
            let labels = [("breaker", &*breaker.name), ("state", state.name())];
            sample(
                &mut page,
                "breaker_state",
                &labels,
                u8::from(breaker.state == state),
            )?;
        }
    }

    metric(
        &mut page,
        "health",
        "gauge",
        "The status of a health check: 1 for pass, 0.5 for warn, 0 for fail.",
    )?;
    for check in health_check().health_status().checks() {
        let value = match check.status {
            Status::Pass => 1.0,
            Status::Warn => 0.5,
            Status::Fail => 0.0,
        };
        sample(&mut page, "health", &[("check", &check.name)], value)?;
    }

    metric(
        &mut page,
        "orders",
        "gauge",
        "Orders in the database, by state.",
    )?;
    for (state, count) in orders.states()? {
        sample(&mut page, "orders", &[("state", &state)], count)?;
    }
    Ok(page)
}

const STATES: [CircuitState; 5] = [
    CircuitState::Closed,
    CircuitState::Open,
    CircuitState::HalfOpen,
    CircuitState::ForcedOpen,
    CircuitState::Disabled,
];

fn metric(page: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

fn sample(
    page: &mut String,
    name: &str,
    labels: &[(&str, &str)],
    value: impl fmt::Display,
) -> fmt::Result {
    let labels: Vec<_> = labels
        .iter()
        .map(|(label, text)| format!("{label}=\"{}\"", escaped(text)))
        .collect();
    writeln!(page, "{name}{{{}}} {value}", labels.join(","))
}

/// A text as it may stand between the quotes of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n")
}

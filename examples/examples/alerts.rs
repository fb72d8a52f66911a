//! Alerts: rules send notifications to channels, throttled, in the background.
//!
//! `cargo run -p gardefou-examples --example alerts`

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use gardefou::{
    AppError, ErrorCode, ErrorSystem, Result,
    alerts::{AlertsConfig, CallbackChannel, Rule},
    breaker::CircuitBreaker,
    report,
};
use std::{sync::mpsc, time::Duration};

fn main() -> Result<()> {
    // A channel of any kind; e-mail and webhooks are behind the features `alert-email` and
    // `alert-webhook`.
    let (sender, titles) = mpsc::channel();
    let pager = CallbackChannel::new("pager", move |notification| {
        let _ = sender.send(notification.title.clone());
        Ok(())
    });
    let guard = ErrorSystem::builder()
        .alerts(
            AlertsConfig::builder()
                .channel(pager)
                .rule(Rule::immediate("no-disk").code(ErrorCode::DB_WRITE_ERROR))
                .rule(Rule::rate("database", 20, Duration::from_secs(60)))
                .rule(Rule::breakers("circuits")),
        )
        .init()?;

    // One problem brings one notification in 300 s, however often it occurs.
    for _ in 0..5 {
        report(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    }
    CircuitBreaker::builder("payments").build()?.force_open();

    let flushed = guard.flush(Duration::from_secs(5));
    assert!(flushed.is_clean(), "{flushed:?}");
    let titles: Vec<String> = titles.try_iter().collect();
    assert_eq!(
        titles
            .iter()
            .filter(|title| title.contains("disk full"))
            .count(),
        1
    );
    assert!(
        titles.iter().any(|title| title.contains("payments")),
        "{titles:?}"
    );
    for title in titles {
        println!("notification: {title}");
    }
    Ok(())
}

//! Alerting: rules, throttling, recovery, delivery and its failures.

#![expect(clippy::unwrap_used, reason = "these helpers belong to tests")]

mod channels;
mod delivery;
mod digest;
#[cfg(feature = "alert-email")]
mod email;
mod log;
mod muting;
mod processes;
mod recovery;
mod restart;
mod rules;
#[cfg(feature = "alert-email")]
mod smtp_server;
mod status;
#[cfg(feature = "alert-webhook")]
mod webhook;
#[cfg(feature = "alert-webhook")]
mod webhook_services;
#[cfg(feature = "alert-webhook")]
mod webhook_settings;

use gardefou::{
    AppError, ErrorCode,
    alerts::{
        Alerts, AlertsConfig, AlertsConfigBuilder, Channel, DeliveryError, Notification, Rule,
    },
    time::ManualClock,
};
use gardefou_tests::testkit::lock;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

/// Runs one test at a time, since alerting receives every event of the process.
fn alone() -> MutexGuard<'static, ()> {
    log::install();
    lock::alone()
}

/// A channel that records its notifications, and fails with given errors.
#[derive(Clone, Default)]
struct Recorder {
    name: &'static str,
    notifications: Arc<Mutex<Vec<Notification>>>,
    failures: Arc<Mutex<VecDeque<DeliveryError>>>,
}

impl Recorder {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    fn fail_with(&self, errors: impl IntoIterator<Item = DeliveryError>) {
        self.failures.lock().unwrap().extend(errors);
    }

    fn take(&self) -> Vec<Notification> {
        std::mem::take(&mut self.notifications.lock().unwrap())
    }

    /// Returns the titles since the last call, each with the number that was held back.
    fn received(&self) -> Vec<(String, u64)> {
        self.take()
            .into_iter()
            .map(|notification| (notification.title, notification.suppressed))
            .collect()
    }
}

impl Channel for Recorder {
    fn name(&self) -> &str {
        self.name
    }

    fn deliver(&self, notification: &Notification) -> Result<(), DeliveryError> {
        if let Some(error) = self.failures.lock().unwrap().pop_front() {
            return Err(error);
        }
        self.notifications
            .lock()
            .unwrap()
            .push(notification.clone());
        Ok(())
    }
}

/// Alerting without threads, on a clock that stands still.
fn config(clock: &ManualClock) -> AlertsConfigBuilder {
    AlertsConfig::builder()
        .background(false)
        .clock(clock.clone())
        .source("tests")
        .escalate_after(None)
}

fn start(config: AlertsConfigBuilder) -> Alerts {
    Alerts::start(config.build().unwrap()).unwrap()
}

fn report(code: ErrorCode, message: &str) {
    gardefou::report(&AppError::new(code, message));
}

fn one(title: &str) -> Vec<(String, u64)> {
    vec![(title.to_owned(), 0)]
}

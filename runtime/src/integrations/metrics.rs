//! Metrics by the facade `metrics` 0.24 (feature `metrics`): for Prometheus, StatsD and whatever else
//! has a recorder for it.
//!
//! The facade is pushed to, and the numbers are kept elsewhere: [`publish`] reads all of them and
//! passes them to the recorder. Call it right before the recorder renders, so that no call of yours pays
//! for metrics and no value is old. With `metrics-exporter-prometheus` these are three lines:
//!
//! ```
//! use metrics_exporter_prometheus::PrometheusBuilder;
//!
//! // At the start of the program.
//! let prometheus = PrometheusBuilder::new().with_recommended_naming(true).install_recorder().unwrap();
//!
//! // In the handler of `/metrics`.
//! gardefou::integrations::metrics::publish();
//! let page: String = prometheus.render();
//! # gardefou::circuit_breakers().get_or_create("payments", |b| b).unwrap();
//! # gardefou::integrations::metrics::publish();
//! # let page = prometheus.render();
//! assert!(page.contains(r#"gardefou_circuit_breaker_calls_total{name="payments",outcome="success"} 0"#));
//! ```
//!
//! Where something else renders, for example a recorder that pushes, [`publish_every`] publishes in the
//! background.
//!
//! [`telemetry`] has the instruments. What the facade has no form for is passed on
//! as follows: counters are whole numbers, so that times are whole seconds, rounded down in the sum;
//! up-down counters are gauges; and histograms, which the facade can only record call by call, are the
//! counters of their buckets, with a label `le`.
//!
//! # Series of guards that are gone
//!
//! The facade cannot remove a series. After a breaker was removed from its registry, its gauges are set
//! to zero once, and then none of its series is passed on any more. An exporter that forgets what is not
//! updated drops them: `PrometheusBuilder::idle_timeout(MetricKindMask::ALL, Some(Duration::from_secs(300)))`,
//! with a time longer than the interval of scrapes.

use crate::{
    scope,
    sync::global::Mutex,
    telemetry::{self, Instrument, InstrumentKind, Row, Source, instruments},
    worker::{self, Next, Wakeup},
};
use ::metrics::{
    Key, KeyName, Label, Level, Metadata, Recorder, SharedString, Unit, with_recorder,
};
use std::{
    collections::HashSet,
    fmt, io,
    sync::{Arc, LazyLock},
    time::Duration,
};

/// Reads all values, and passes them to the recorder of this thread or else of the process.
///
/// It takes a few milliseconds for 1,000 guards, and no lock that a call waits for. Without a recorder
/// all of it is dropped. In a test scope it publishes what is in the scope.
///
/// # Examples
///
/// ```
/// use gardefou::{breaker::CircuitBreaker, circuit_breakers, integrations::metrics::publish};
/// use metrics_exporter_prometheus::PrometheusBuilder;
///
/// let recorder = PrometheusBuilder::new().build_recorder();
/// let breaker = circuit_breakers().get_or_create("search", |b| b.failure_threshold(1))?;
/// breaker.try_acquire()?.failure();
/// metrics::with_local_recorder(&recorder, publish);
///
/// let page = recorder.handle().render();
/// assert!(page.contains(r#"gardefou_circuit_breaker_calls{name="search",outcome="failure"} 1"#));
/// assert!(page.contains(r#"gardefou_circuit_breaker_state{name="search",state="open"} 1"#));
/// # Ok::<(), gardefou::AppError>(())
/// ```
pub fn publish() {
    static OF_PROCESS: LazyLock<Published> = LazyLock::new(Published::default);
    match scope::part(|_| Published::default()) {
        Some(published) => published.publish(),
        None => OF_PROCESS.publish(),
    }
}

/// Calls [`publish`] in the background, at once and then at every interval, until the result is
/// dropped.
///
/// Intervals shorter than 100 ms are 100 ms.
///
/// # Errors
///
/// The system gives no thread.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let publishing = gardefou::integrations::metrics::publish_every(Duration::from_secs(10))?;
/// // .. the program runs
/// drop(publishing);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn publish_every(interval: Duration) -> io::Result<Publishing> {
    let wakeup = Arc::new(Wakeup::default());
    let interval = interval.max(SHORTEST_INTERVAL);
    worker::spawn("gardefou-metrics", &wakeup, move || {
        publish();
        Next::Wait(interval)
    })?;
    Ok(Publishing { wakeup })
}

const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

/// A background thread that publishes; it ends when this is dropped.
#[must_use = "publishing ends when this is dropped"]
pub struct Publishing {
    wakeup: Arc<Wakeup>,
}

impl Drop for Publishing {
    fn drop(&mut self) {
        self.wakeup.stop();
    }
}

impl fmt::Debug for Publishing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publishing").finish_non_exhaustive()
    }
}

/// The labels that were published last, whose gauges are set to zero when they are gone.
#[derive(Default)]
struct Published(Mutex<HashSet<(Source, Arc<str>)>>);

impl Published {
    fn publish(&self) {
        let rows = telemetry::collect();
        let now = rows.iter().map(|row| (row.source, Arc::clone(&row.label)));
        let now: HashSet<_> = now.collect();
        let before = std::mem::replace(&mut *self.0.lock(), now.clone());
        with_recorder(|recorder| {
            describe_all(recorder);
            for (source, label) in before.difference(&now) {
                clear_gauges(recorder, *source, label);
            }
            for row in &*rows {
                publish_row(recorder, row);
            }
        });
    }
}

static METADATA: Metadata<'static> = Metadata::new(
    "gardefou::telemetry",
    Level::INFO,
    Some("gardefou::telemetry"),
);

fn describe_all(recorder: &dyn Recorder) {
    for instrument in instruments() {
        let name = KeyName::from_const_str(instrument.name());
        let unit = if instrument.is_time() {
            Unit::Seconds
        } else {
            Unit::Count
        };
        let (unit, text) = (
            Some(unit),
            SharedString::const_str(instrument.description()),
        );
        match instrument.kind() {
            InstrumentKind::Counter => recorder.describe_counter(name, unit, text),
            _ => recorder.describe_gauge(name, unit, text),
        }
    }
}

fn publish_row(recorder: &dyn Recorder, row: &Row) {
    for_each_series(
        row.source,
        &row.label,
        &row.values,
        |instrument, key, value| {
            if instrument.is_counter() {
                let value = if instrument.is_time() {
                    Duration::from_nanos(value).as_secs()
                } else {
                    value
                };
                // Absolute: whichever recorder it is, and whatever it has dropped as idle, gets the whole.
                recorder.register_counter(&key, &METADATA).absolute(value);
            } else {
                let value = if instrument.is_time() {
                    Duration::from_nanos(value).as_secs_f64()
                } else {
                    value as f64
                };
                recorder.register_gauge(&key, &METADATA).set(value);
            }
        },
    );
}

fn clear_gauges(recorder: &dyn Recorder, source: Source, label: &Arc<str>) {
    for_each_series(source, label, &[], |instrument, key, _| {
        if !instrument.is_counter() {
            recorder.register_gauge(&key, &METADATA).set(0.0);
        }
    });
}

/// Calls `each` with every series of a label, and with its value where there is one.
fn for_each_series(
    source: Source,
    label: &Arc<str>,
    values: &[u64],
    mut each: impl FnMut(&Instrument, Key, u64),
) {
    let mut values = values.iter().copied();
    for instrument in source.instruments() {
        for fixed in instrument.series() {
            let mut labels = Vec::with_capacity(1 + fixed.len());
            if let Some(subject) = instrument.subject() {
                let label = SharedString::from_shared(Arc::clone(label));
                labels.push(Label::new(subject, label));
            }
            let fixed = fixed.iter();
            labels.extend(fixed.map(|(key, value)| Label::from_static_parts(key, value)));
            let key = Key::from_parts(instrument.name(), labels);
            each(instrument, key, values.next().unwrap_or_default());
        }
    }
}

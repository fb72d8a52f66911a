//! Metrics by the API of OpenTelemetry 0.33 (feature `opentelemetry`): observable instruments, which a
//! reader of any SDK collects.
//!
//! [`observe`] registers all instruments of [`telemetry`] at once. Their values are read when a reader
//! collects, once for all of them: no call of yours pays for metrics.
//!
//! # Examples
//!
//! ```
//! use gardefou::integrations::opentelemetry::observe;
//! use opentelemetry::metrics::MeterProvider;
//! use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
//!
//! let exporter = InMemoryMetricExporter::default();
//! let reader = PeriodicReader::builder(exporter.clone()).build();
//! let provider = SdkMeterProvider::builder().with_reader(reader).build();
//!
//! // At the start of the program; kept for as long as it runs.
//! let observing = observe(&provider.meter("gardefou"));
//! # gardefou::circuit_breakers().get_or_create("payments", |b| b)?;
//! # provider.force_flush()?;
//! let collected = exporter.get_finished_metrics()?;
//! let scope = collected[0].scope_metrics().next().unwrap();
//! assert!(scope.metrics().any(|metric| metric.name() == "gardefou.circuit_breaker.calls"));
//! # drop(observing);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{
    sync::global::Mutex,
    telemetry::{self, Instrument, InstrumentKind, Row, Source},
};
use ::opentelemetry::{
    KeyValue, StringValue,
    metrics::{AsyncInstrument, Meter},
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Registers all instruments with a meter, until the result is dropped.
///
/// After that they have no values, and their series are gone with the next collection; the API has no
/// way to remove the instruments themselves. Register once for each meter provider: two registrations
/// with one provider report every value twice.
///
/// Values are those of the process, whichever thread collects.
///
/// # Examples
///
/// ```
/// // With the meter provider of the process, which `opentelemetry::global` knows.
/// let observing = gardefou::integrations::opentelemetry::observe(&opentelemetry::global::meter("gardefou"));
/// // .. the program runs
/// drop(observing);
/// ```
pub fn observe(meter: &Meter) -> Observing {
    let shared = Arc::new(Shared {
        is_active: AtomicBool::new(true),
        collection: Mutex::new(Collection::default()),
    });
    for source in Source::ALL {
        for (i, instrument) in source.instruments().iter().enumerate() {
            register(meter, &shared, source, instrument, source.first() + i);
        }
    }
    Observing { shared }
}

/// The registration of the instruments; it ends when this is dropped.
#[must_use = "the instruments have values until this is dropped"]
pub struct Observing {
    shared: Arc<Shared>,
}

impl Drop for Observing {
    fn drop(&mut self) {
        // Relaxed: a collection under way may have the values or not.
        self.shared.is_active.store(false, Ordering::Relaxed);
    }
}

impl fmt::Debug for Observing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observing").finish_non_exhaustive()
    }
}

/// What the callbacks share.
struct Shared {
    is_active: AtomicBool,
    collection: Mutex<Collection>,
}

/// The values of one collection, which calls each instrument once: an instrument that asks again begins
/// the next one.
#[derive(Default)]
struct Collection {
    rows: Option<Arc<[Row]>>,
    /// A bit for each instrument that has read them.
    served: u64,
}

impl Shared {
    /// Returns the values for an instrument, by its index in the catalogue.
    fn rows(&self, index: usize) -> Arc<[Row]> {
        let bit = 1 << index;
        {
            let mut collection = self.collection.lock();
            if let Some(rows) = &collection.rows
                && collection.served & bit == 0
            {
                let rows = Arc::clone(rows);
                collection.served |= bit;
                return rows;
            }
        }
        // Without the lock: foreign code runs, for example clocks.
        let rows = telemetry::collect();
        *self.collection.lock() = Collection {
            rows: Some(Arc::clone(&rows)),
            served: bit,
        };
        rows
    }

    /// Calls `each` with every series of an instrument.
    fn for_each_series(
        &self,
        source: Source,
        instrument: &Instrument,
        index: usize,
        mut each: impl FnMut(u64, &[KeyValue]),
    ) {
        if !self.is_active.load(Ordering::Relaxed) {
            return;
        }
        let before = source.instruments()[..index - source.first()].iter();
        let start: usize = before.map(|it| it.series().len()).sum();
        let mut labels = Vec::with_capacity(4);
        for row in self.rows(index).iter().filter(|row| row.source == source) {
            let values = row.values[start..].iter();
            for (fixed, value) in instrument.series().iter().zip(values) {
                labels.clear();
                if let Some(subject) = instrument.subject() {
                    let label = StringValue::from(Arc::clone(&row.label));
                    labels.push(KeyValue::new(subject, label));
                }
                labels.extend(fixed.iter().map(|(key, value)| KeyValue::new(*key, *value)));
                each(*value, &labels);
            }
        }
    }
}

fn register(
    meter: &Meter,
    shared: &Arc<Shared>,
    source: Source,
    instrument: &'static Instrument,
    index: usize,
) {
    let shared = Arc::clone(shared);
    let (name, unit, text) = (
        instrument.name(),
        instrument.unit(),
        instrument.description(),
    );
    let whole = {
        let shared = Arc::clone(&shared);
        move |observer: &dyn AsyncInstrument<u64>| {
            shared.for_each_series(source, instrument, index, |value, labels| {
                observer.observe(value, labels);
            });
        }
    };
    let signed = {
        let shared = Arc::clone(&shared);
        move |observer: &dyn AsyncInstrument<i64>| {
            shared.for_each_series(source, instrument, index, |value, labels| {
                observer.observe(i64::try_from(value).unwrap_or(i64::MAX), labels);
            });
        }
    };
    let seconds = move |observer: &dyn AsyncInstrument<f64>| {
        shared.for_each_series(source, instrument, index, |value, labels| {
            observer.observe(Duration::from_nanos(value).as_secs_f64(), labels);
        });
    };
    // What `build` returns only names the instrument: the meter keeps the callbacks.
    macro_rules! build {
        ($kind:ident, $callback:ident) => {{
            let builder = meter.$kind(name).with_unit(unit).with_description(text);
            let _ = builder.with_callback($callback).build();
        }};
    }
    match (instrument.kind(), instrument.is_time()) {
        (InstrumentKind::Counter, false) => build!(u64_observable_counter, whole),
        (InstrumentKind::Counter, true) => build!(f64_observable_counter, seconds),
        (InstrumentKind::UpDownCounter, _) => build!(i64_observable_up_down_counter, signed),
        (InstrumentKind::Gauge, false) => build!(u64_observable_gauge, whole),
        (InstrumentKind::Gauge, true) => build!(f64_observable_gauge, seconds),
    }
}

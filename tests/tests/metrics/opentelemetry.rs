//! What a reader of OpenTelemetry's SDK collects.

use gardefou::{
    bulkhead::Bulkhead,
    circuit_breakers,
    integrations::opentelemetry::observe,
    telemetry::{InstrumentKind, instruments},
};
use opentelemetry::{KeyValue, metrics::MeterProvider};
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, PeriodicReader, SdkMeterProvider,
    data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics},
};
use std::collections::BTreeMap;

/// A provider whose reader collects when it is flushed.
pub(super) struct Collector {
    pub(super) provider: SdkMeterProvider,
    exporter: InMemoryMetricExporter,
}

/// Values by the labels of their series.
pub(super) type Values = BTreeMap<String, f64>;

impl Collector {
    pub(super) fn new() -> Self {
        let exporter = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(exporter.clone()).build();
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        Self { provider, exporter }
    }

    /// Collects: for each metric its unit, description, form and values.
    pub(super) fn collect(&self) -> BTreeMap<String, (String, String, &'static str, Values)> {
        self.exporter.reset();
        self.provider.force_flush().unwrap();
        let collected = self.exporter.get_finished_metrics().unwrap();
        let scopes = collected.iter().flat_map(ResourceMetrics::scope_metrics);
        let metrics = scopes.flat_map(ScopeMetrics::metrics);
        let mut all = BTreeMap::new();
        for metric in metrics {
            let (form, values) = values(metric);
            let entry = (
                metric.unit().to_owned(),
                metric.description().to_owned(),
                form,
                values,
            );
            assert!(all.insert(metric.name().to_owned(), entry).is_none());
        }
        all
    }
}

fn shown(labels: &mut dyn Iterator<Item = &KeyValue>) -> String {
    let mut labels: Vec<String> = labels
        .map(|it| format!("{}={}", it.key, it.value))
        .collect();
    labels.sort();
    labels.join(",")
}

fn values(metric: &Metric) -> (&'static str, Values) {
    macro_rules! values {
        ($data:expr, $convert:expr) => {
            match $data {
                MetricData::Sum(sum) => {
                    let form = if sum.is_monotonic() {
                        "counter"
                    } else {
                        "updown_counter"
                    };
                    let points = sum.data_points();
                    (
                        form,
                        points
                            .map(|it| (shown(&mut it.attributes()), $convert(it.value())))
                            .collect(),
                    )
                }
                MetricData::Gauge(gauge) => {
                    let points = gauge.data_points();
                    (
                        "gauge",
                        points
                            .map(|it| (shown(&mut it.attributes()), $convert(it.value())))
                            .collect(),
                    )
                }
                _ => panic!("{}", metric.name()),
            }
        };
    }
    match metric.data() {
        AggregatedMetrics::U64(data) => values!(data, |value| value as f64),
        AggregatedMetrics::I64(data) => values!(data, |value| value as f64),
        AggregatedMetrics::F64(data) => values!(data, |value: f64| value),
    }
}

/// One test, since values are those of the process and not of a scope: the reader has a thread of its
/// own.
#[test]
fn reader_collects_the_catalogue_until_the_handle_is_dropped() {
    let collector = Collector::new();
    let observing = observe(&collector.provider.meter("gardefou"));
    let breaker = circuit_breakers()
        .get_or_create("otel", |b| b.failure_threshold(1))
        .unwrap();
    breaker.try_acquire().unwrap().success();
    let reports = Bulkhead::builder("otel-reports")
        .max_concurrent(3)
        .build_shared()
        .unwrap();
    let running = reports.try_acquire().unwrap();

    let first = collector.collect();
    for instrument in instruments() {
        let Some((unit, description, form, values)) = first.get(instrument.name()) else {
            // Nothing of its source exists in this process.
            assert!(
                !instrument.name().starts_with("gardefou.circuit_breaker"),
                "{instrument:?}"
            );
            continue;
        };
        assert_eq!(
            (&**unit, &**description),
            (instrument.unit(), instrument.description())
        );
        assert_eq!(*form, instrument.kind().name());
        for labels in values.keys() {
            let keys = labels.split(',').filter(|it| !it.is_empty());
            let mut keys: Vec<&str> = keys.map(|it| it.split_once('=').unwrap().0).collect();
            let mut documented = instrument.labels();
            keys.sort_unstable();
            documented.sort_unstable();
            assert_eq!(keys, documented);
        }
    }
    let others = first
        .keys()
        .filter(|name| instruments().iter().all(|it| it.name() != **name));
    assert_eq!(others.count(), 0);
    assert!(
        instruments()
            .iter()
            .any(|it| it.kind() == InstrumentKind::UpDownCounter)
    );

    let value = |metric: &str, labels: &str| collector.collect()[metric].3.get(labels).copied();
    let calls = |outcome| {
        value(
            "gardefou.circuit_breaker.calls",
            &format!("name=otel,outcome={outcome}"),
        )
    };
    assert_eq!((calls("success"), calls("rejected")), (Some(1.), Some(0.)));
    breaker.try_acquire().unwrap().failure();
    assert!(breaker.try_acquire().is_err());
    assert_eq!(
        (calls("success"), calls("rejected")),
        (Some(1.), Some(1.)),
        "read anew"
    );
    let state = |state| {
        value(
            "gardefou.circuit_breaker.state",
            &format!("name=otel,state={state}"),
        )
    };
    assert_eq!((state("closed"), state("open")), (Some(0.), Some(1.)));
    let time = value(
        "gardefou.circuit_breaker.time_in_state",
        "name=otel,state=open",
    )
    .unwrap();
    assert!(
        time > 0. && time.fract() != 0.,
        "{time}: seconds, with their fractions"
    );
    assert_eq!(
        value("gardefou.bulkhead.running", "name=otel-reports"),
        Some(1.)
    );
    assert_eq!(
        value("gardefou.bulkhead.limit", "name=otel-reports"),
        Some(3.)
    );

    circuit_breakers().remove("otel");
    assert_eq!(calls("success"), None, "gone with its breaker");
    drop((running, observing));
    let last = collector.collect();
    let points: usize = last.values().map(|metric| metric.3.len()).sum();
    assert_eq!(points, 0);
}

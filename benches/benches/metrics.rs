//! `cargo bench -p gardefou-benches --bench metrics`: what a scrape costs.
//!
//! Bar: with 1,000 circuit breakers, each with series of its own, publishing for Prometheus and a
//! collection by a reader of OpenTelemetry take less than 20 ms (20,000,000 ns) each. The text that
//! the exporter for Prometheus renders then is measured beside it: it costs about 1.4 us a series.

use gardefou::{
    circuit_breakers,
    integrations::{metrics::publish, opentelemetry::observe},
    telemetry::limit_names,
};
use gardefou_benches::Table;
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

fn main() {
    limit_names(2_000);
    for i in 0..1_000 {
        let breaker = circuit_breakers().get_or_create(&format!("service-{i}"), |b| b);
        let breaker = breaker.expect("the defaults");
        let permit = breaker.try_acquire().expect("it is closed");
        if i % 3 == 0 {
            permit.failure();
        } else {
            permit.success();
        }
        if i % 7 == 0 {
            breaker.force_open();
        }
    }
    let prometheus = PrometheusBuilder::new()
        .with_recommended_naming(true)
        .install_recorder()
        .expect("the only one");
    publish();
    assert!(prometheus.render().contains("service-999"));

    let mut table = Table::new("metrics, 1,000 circuit breakers of 25 series each");
    table.single("`publish`", |n| {
        publish();
        n
    });
    table.single("`publish` and the text for Prometheus", |n| {
        publish();
        n + prometheus.render().len() as u64
    });
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let _observing = observe(&provider.meter("gardefou"));
    table.single("collection by a reader of OpenTelemetry", |n| {
        provider.force_flush().expect("the exporter is in memory");
        exporter.reset();
        n
    });
}

//! Scrapes as Prometheus makes them: the text that the exporter renders, parsed.

use gardefou::integrations::metrics::publish;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use std::collections::BTreeMap;

/// A parsed page: values by series, types by metric.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) series: BTreeMap<String, f64>,
    pub(crate) types: BTreeMap<String, String>,
    pub(crate) help: BTreeMap<String, String>,
}

impl Page {
    pub(crate) fn parse(text: &str) -> Self {
        let mut page = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(comment) = line.strip_prefix("# ") {
                let (kind, rest) = comment.split_once(' ').unwrap();
                let (name, rest) = rest.split_once(' ').unwrap();
                let map = match kind {
                    "TYPE" => &mut page.types,
                    "HELP" => &mut page.help,
                    other => panic!("{other}"),
                };
                map.insert(name.to_owned(), rest.to_owned());
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let known = page
                    .series
                    .insert(series.to_owned(), value.parse().unwrap());
                assert_eq!(known, None, "{series} is there twice");
            }
        }
        page
    }

    /// Returns the value of a series, in the exporter's form.
    #[track_caller]
    pub(crate) fn value(&self, series: &str) -> f64 {
        let value = self.series.get(series);
        *value.unwrap_or_else(|| panic!("no series {series} in {:#?}", self.of(series)))
    }

    /// Returns the series of the same metric.
    pub(crate) fn of(&self, series: &str) -> Vec<&String> {
        let metric = series.split('{').next().unwrap();
        let of_metric = |it: &&String| it.split('{').next() == Some(metric);
        self.series.keys().filter(of_metric).collect()
    }

    /// Returns the series that have this label.
    pub(crate) fn with_label(&self, label: &str) -> Vec<&String> {
        self.series.keys().filter(|it| it.contains(label)).collect()
    }
}

/// An exporter for Prometheus with the names that it recommends.
pub(crate) fn exporter() -> PrometheusRecorder {
    PrometheusBuilder::new()
        .with_recommended_naming(true)
        .build_recorder()
}

pub(crate) fn scrape_into(recorder: &PrometheusRecorder) -> Page {
    metrics::with_local_recorder(recorder, publish);
    Page::parse(&recorder.handle().render())
}

/// Publishes to a new exporter and scrapes it.
pub(crate) fn scrape() -> Page {
    scrape_into(&exporter())
}

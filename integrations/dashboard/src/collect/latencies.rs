//! Histograms of durations, by guard.

use crate::{history::shown, sample::seconds};
use gardefou::telemetry::{Histogram, Measured, histograms};
use serde_json::{Value, json};
use std::collections::HashMap;

/// What is known of durations, by what was measured and the name of the guard.
#[derive(Debug)]
pub(super) struct Latencies(HashMap<(Measured, String), Value>);

impl Latencies {
    pub(super) fn read() -> Self {
        let all = histograms();
        let by_name = all.iter().map(|histogram| {
            let measured = histogram.measured();
            let name = histogram.name();
            // Outcomes of retries have the name that is shown.
            let name = match measured {
                Measured::RetryCalls => shown(name),
                _ => name.to_owned(),
            };
            ((measured, name), of_histogram(histogram))
        });
        Self(by_name.collect())
    }

    /// Returns the histogram of a guard; null where there is none.
    pub(super) fn of(&self, measured: Measured, name: &str) -> Value {
        let known = self.0.get(&(measured, name.to_owned()));
        known.cloned().unwrap_or_default()
    }
}

fn of_histogram(histogram: &Histogram) -> Value {
    json!({
        "counts": histogram.buckets().map(|(_, count)| count).collect::<Vec<_>>(),
        "seconds": seconds(histogram.sum()),
    })
}

/// Returns the longest duration in each bucket of a histogram but the last, which has no bound.
pub(super) fn bounds() -> Value {
    Histogram::bounds().map(seconds).collect()
}

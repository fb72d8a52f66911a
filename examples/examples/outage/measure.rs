//! What a run shows.

use super::scenario::Scenario;
use std::time::Duration;

/// The results of one run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measures {
    pub(crate) calls: u32,
    /// Requests that reached the service.
    pub(crate) requests: u32,
    pub(crate) successes: u32,
    /// Of each second in which calls were begun.
    pub(crate) seconds: Vec<Second>,
    /// How long each call took, successful or not; sorted at the end.
    latencies: Vec<Duration>,
}

/// The calls that were begun in one second, and the requests that reached the service in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Second {
    pub(crate) calls: u32,
    pub(crate) successes: u32,
    pub(crate) requests: u32,
}

impl Measures {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            calls: 0,
            requests: 0,
            successes: 0,
            seconds: vec![Second::default(); scenario.duration.as_secs() as usize],
            latencies: Vec::new(),
        }
    }

    pub(crate) fn count_call(&mut self, began: Duration) {
        self.calls += 1;
        self.seconds[began.as_secs() as usize].calls += 1;
    }

    pub(crate) fn count_request(&mut self, now: Duration) {
        self.requests += 1;
        // What is retried after the last call was begun belongs to no second.
        if let Some(second) = self.seconds.get_mut(now.as_secs() as usize) {
            second.requests += 1;
        }
    }

    pub(crate) fn count_end(&mut self, began: Duration, now: Duration, success: bool) {
        self.successes += u32::from(success);
        self.seconds[began.as_secs() as usize].successes += u32::from(success);
        self.latencies.push(now - began);
    }

    pub(crate) fn finish(&mut self) {
        self.latencies.sort_unstable();
    }

    /// Returns how many requests a call made in the mean.
    pub(crate) fn load_factor(&self) -> f64 {
        f64::from(self.requests) / f64::from(self.calls)
    }

    /// Returns the largest number of requests of one second, as a multiple of the calls of the mean
    /// second.
    pub(crate) fn peak_load(&self) -> f64 {
        let requests = self.seconds.iter().map(|second| second.requests).max();
        let mean = f64::from(self.calls) / self.seconds.len() as f64;
        f64::from(requests.unwrap_or(0)) / mean
    }

    pub(crate) fn success_rate(&self) -> f64 {
        f64::from(self.successes) / f64::from(self.calls)
    }

    /// Returns the time within which this share of the calls ended (nearest rank).
    pub(crate) fn latency(&self, quantile: f64) -> Duration {
        let rank = (quantile * self.latencies.len() as f64).ceil() as usize;
        let latency = self.latencies.get(rank.saturating_sub(1));
        latency.copied().unwrap_or_default()
    }

    /// Returns how many seconds after the trouble the calls succeed again, if they do: from then to
    /// the end at least 99 % of those of each second.
    pub(crate) fn recovery(&self, scenario: &Scenario) -> Option<u64> {
        let is_well = |second: &Second| second.successes * 100 >= second.calls * 99;
        let ill = self.seconds.iter().rposition(|second| !is_well(second));
        let well = ill.map_or(0, |ill| ill + 1);
        (well < self.seconds.len()).then(|| (well as u64).saturating_sub(scenario.until.as_secs()))
    }
}

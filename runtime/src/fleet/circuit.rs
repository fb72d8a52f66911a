//! State of one breaker in a store, pure: an operation and the server's time in, a reply out.
//!
//! [`MemoryStore`](super::MemoryStore) keeps it as it is; a store on a server does the same in its own language.

use super::operation::{
    Action, Lease, Operation, ProbeOutcome, Reply, Report, Rule, SharedPhase, SharedState,
};
use crate::breaker::WindowKind;
use std::{sync::Arc, time::Duration};

/// What a store keeps about one breaker. All times are milliseconds of the server's clock.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedCircuit {
    epoch: u64,
    /// The end of the open time; zero while closed.
    until: u64,
    reopened: u32,
    by: Option<Arc<str>>,
    lease: Option<HeldLease>,
    /// Failures in a row, in the order in which reports came.
    row: u64,
    /// The latest success, and the latest of any other instance.
    succeeded: Option<Success>,
    others_succeeded: Option<u64>,
    window: [Bucket; BUCKETS as usize],
    /// When the first outcomes of the epoch came.
    counting_since: Option<u64>,
    /// When nothing of this is of use any longer.
    expires: u64,
}

#[derive(Clone, Debug)]
struct HeldLease {
    owner: Arc<str>,
    until: u64,
    /// How long it is good: instances of two versions of the program may give theirs other lengths.
    lasts: u64,
}

#[derive(Clone, Debug)]
struct Success {
    by: Arc<str>,
    at: u64,
}

/// Calls of one tenth of a time window. A window of calls has one bucket, which is scaled down to the calls that the
/// window holds.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    index: u64,
    calls: f64,
    failures: f64,
    slow: f64,
}

const BUCKETS: u64 = 10;

/// Until every instance has reported twice, the first outcomes are those of the quickest one.
const ALL_REPORT: u64 = 200;

impl SharedCircuit {
    pub(super) fn has_expired_at(&self, now: u64) -> bool {
        now >= self.expires
    }

    /// Applies an operation.
    pub(super) fn apply_at(&mut self, now: u64, operation: &Operation) -> Reply {
        self.clamp_at(now, operation);
        let epoch = self.epoch;
        let mut lease = None;
        match &operation.action {
            Action::Read => {}
            Action::Report(report) => {
                self.expires = now + 2 * (window_of(&report.rule) + millis(operation.longest_open));
                self.report_at(now, operation, report);
            }
            Action::Lease => lease = self.lease_at(now, operation),
            // Not one of a breaker.
            Action::Take(_) => {}
            Action::Settle { outcome, open_for } => {
                self.settle_at(now, operation, *outcome, *open_for);
            }
        }
        Reply {
            state: self.state_at(now),
            lease,
            has_changed: self.epoch != epoch,
            permits: None,
        }
    }

    /// Bounds what a clock that was set back would make longer: no time of the state lies further ahead than it could
    /// when it was set.
    fn clamp_at(&mut self, now: u64, operation: &Operation) {
        self.until = self.until.min(now + millis(operation.longest_open));
        self.expires = self.expires.max(self.until);
        if let Some(lease) = &mut self.lease {
            lease.until = lease.until.min(now + lease.lasts);
        }
        if let Some(success) = &mut self.succeeded {
            success.at = success.at.min(now);
        }
        self.others_succeeded = self.others_succeeded.map(|at| at.min(now));
        self.counting_since = self.counting_since.map(|at| at.min(now));
    }

    pub(super) fn state_at(&self, now: u64) -> SharedState {
        let phase = match self.until {
            0 => SharedPhase::Closed,
            until if now < until => SharedPhase::Open {
                remaining: Duration::from_millis(until - now),
            },
            _ => SharedPhase::HalfOpen,
        };
        SharedState {
            epoch: self.epoch,
            phase,
            reopened: self.reopened,
            by: self.by.clone(),
        }
    }

    fn report_at(&mut self, now: u64, operation: &Operation, report: &Report) {
        if self.until != 0 {
            // Outcomes of calls that began before the circuit opened.
            return;
        }
        let row = u64::from(report.row);
        if report.success > 0 {
            self.note_success_at(now, &operation.instance);
            self.row = row;
        } else {
            self.row = row.max(self.row.saturating_add(report.failure));
        }
        let tally = self.count_at(now, report);
        if self.trips_at(now, operation, &report.rule, tally) {
            let open_for = report.open_for.min(operation.longest_open);
            self.enter_at(now, now + millis(open_for), &operation.instance);
        }
    }

    fn note_success_at(&mut self, now: u64, instance: &Arc<str>) {
        match &mut self.succeeded {
            Some(success) if success.by == *instance => success.at = now,
            other => {
                let before = other.replace(Success {
                    by: Arc::clone(instance),
                    at: now,
                });
                self.others_succeeded = before.map(|success| success.at);
            }
        }
    }

    /// Returns when an instance other than this one reported its latest success.
    fn success_of_others(&self, instance: &str) -> Option<u64> {
        match &self.succeeded {
            Some(success) if *success.by == *instance => self.others_succeeded,
            other => other.as_ref().map(|success| success.at),
        }
    }

    /// Adds outcomes to the window; returns what it holds.
    fn count_at(&mut self, now: u64, report: &Report) -> Bucket {
        self.counting_since.get_or_insert(now);
        let (calls, failures, slow) = (
            (report.success + report.failure) as f64,
            report.failure as f64,
            report.slow as f64,
        );
        let index = match report.rule.window {
            Some(WindowKind::Time(span)) => now / (millis(span) / BUCKETS).max(1),
            _ => 0,
        };
        let bucket = &mut self.window[(index % BUCKETS) as usize];
        if bucket.index != index {
            *bucket = Bucket {
                index,
                ..Bucket::default()
            };
        }
        bucket.calls += calls;
        bucket.failures += failures;
        bucket.slow += slow;
        if let Some(WindowKind::Calls(size)) = report.rule.window
            && bucket.calls > f64::from(size)
        {
            let scale = f64::from(size) / bucket.calls;
            bucket.calls *= scale;
            bucket.failures *= scale;
            bucket.slow *= scale;
        }
        let oldest = (index + 1).saturating_sub(BUCKETS);
        let present = self
            .window
            .iter()
            .filter(|bucket| (oldest..=index).contains(&bucket.index));
        present.fold(Bucket::default(), |sum, bucket| Bucket {
            index,
            calls: sum.calls + bucket.calls,
            failures: sum.failures + bucket.failures,
            slow: sum.slow + bucket.slow,
        })
    }

    fn trips_at(&self, now: u64, operation: &Operation, rule: &Rule, tally: Bucket) -> bool {
        let is_contradicted = self
            .success_of_others(&operation.instance)
            .is_some_and(|at| now - at < millis(rule.agreement));
        let by_row = rule
            .failure_threshold
            .is_some_and(|threshold| self.row >= u64::from(threshold) && !is_contradicted);
        let is_settled = self
            .counting_since
            .is_some_and(|since| now - since >= ALL_REPORT);
        let is_known =
            is_settled && rule.window.is_some() && tally.calls >= f64::from(rule.min_calls);
        let reaches = |part: f64, rate: Option<f64>| {
            is_known && rate.is_some_and(|rate| part >= rate * tally.calls)
        };
        by_row || reaches(tally.failures, rule.failure_rate) || reaches(tally.slow, rule.slow_rate)
    }

    fn lease_at(&mut self, now: u64, operation: &Operation) -> Option<Lease> {
        if self.until == 0 || now < self.until {
            return None;
        }
        if let Some(lease) = &self.lease
            && lease.owner != operation.instance
            && now < lease.until
        {
            return Some(Lease::Held(Duration::from_millis(lease.until - now)));
        }
        let lasts = millis(operation.lease_time);
        self.lease = Some(HeldLease {
            owner: Arc::clone(&operation.instance),
            until: now + lasts,
            lasts,
        });
        self.expires = self.expires.max(now + 2 * millis(operation.longest_open));
        Some(Lease::Granted)
    }

    /// Ends a lease. One that expired and that no other instance has taken since is good still.
    fn settle_at(
        &mut self,
        now: u64,
        operation: &Operation,
        outcome: ProbeOutcome,
        open_for: Duration,
    ) {
        let is_owner = self
            .lease
            .as_ref()
            .is_some_and(|lease| lease.owner == operation.instance);
        if !is_owner || self.until == 0 {
            return;
        }
        match outcome {
            ProbeOutcome::Success => {
                self.enter_at(now, 0, &operation.instance);
                self.reopened = 0;
            }
            ProbeOutcome::Failure => {
                let open_for = open_for.min(operation.longest_open);
                self.enter_at(now, now + millis(open_for), &operation.instance);
                self.reopened = self.reopened.saturating_add(1);
                self.expires = self.expires.max(now + 2 * millis(operation.longest_open));
            }
            ProbeOutcome::Released => self.lease = None,
        }
    }

    /// Begins another epoch, in which all counts begin anew.
    fn enter_at(&mut self, now: u64, until: u64, by: &Arc<str>) {
        // At least the time, so that an epoch after the state was lost is later than all before.
        self.epoch = now.max(self.epoch + 1);
        self.until = until;
        self.by = Some(Arc::clone(by));
        self.lease = None;
        self.row = 0;
        (self.succeeded, self.others_succeeded) = (None, None);
        self.window = Default::default();
        self.counting_since = None;
    }
}

/// Returns how long the outcomes of a report are of use.
fn window_of(rule: &Rule) -> u64 {
    match rule.window {
        Some(WindowKind::Time(span)) => millis(span).max(SHORTEST_USE),
        _ => SHORTEST_USE,
    }
}

/// Counts of a breaker that has no window of time.
const SHORTEST_USE: u64 = 10_000;

/// Returns whole milliseconds, at least one for any time above zero.
fn millis(duration: Duration) -> u64 {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    u64::try_from(millis).unwrap_or(u64::MAX).min(LONGEST)
}

/// A hundred years: far from an overflow of what is added up.
const LONGEST: u64 = 100 * 366 * 86_400_000;

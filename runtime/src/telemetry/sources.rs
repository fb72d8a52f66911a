//! Readings of each source, as values in the order of its columns.

#[cfg(feature = "monitor")]
use super::journal::JournalReader;
use super::{accumulator::Identity, catalogue::Source, instrument::InstrumentKind};
use crate::{
    breaker::{BreakerReading, circuit_breakers},
    budget,
    bulkhead::{BulkheadReading, bulkheads},
    error::redact,
    event::CircuitState,
    hedge,
    named_counts::NamedReading,
    per_thread::{BUCKETS, DurationsReading, number_of, sum_of},
    rate_limit::{RateLimiterReading, rate_limiters},
    retry, timeout,
};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// What is known of sources that are code of the program, from scrape to scrape.
#[derive(Debug, Default)]
pub(super) struct ForeignSources {
    #[cfg(feature = "monitor")]
    journal: JournalReader,
}

/// The readings of all sources. Taken without a lock of this module: clocks and journals are foreign
/// code.
#[derive(Debug, Default)]
pub(super) struct Readings {
    pub(super) all: Vec<(Source, Vec<Reading>)>,
    /// Where the reading of a name stands among those of its source.
    named: HashMap<(Source, Arc<str>), usize>,
}

#[derive(Debug)]
pub(super) struct Reading {
    pub(super) label: Arc<str>,
    /// What it is of, and the values; `None` where a label is only declared.
    pub(super) values: Option<(Identity, Vec<u64>)>,
}

/// Labels by the name that they show, redacted once for all guards that share it.
#[derive(Debug, Default)]
struct Labels(HashMap<Box<str>, Arc<str>>);

impl Labels {
    fn of(&mut self, name: &str) -> Arc<str> {
        if let Some(label) = self.0.get(name) {
            return Arc::clone(label);
        }
        let label: Arc<str> = redact::name(name).into();
        self.0.insert(name.into(), Arc::clone(&label));
        label
    }
}

impl Readings {
    /// Waits for code of the program at most `patience`.
    pub(super) fn take(foreign: &ForeignSources, patience: Duration) -> Self {
        #[cfg(not(feature = "monitor"))]
        let _ = (foreign, patience);
        let mut readings = Self::default();
        let mut labels = Labels::default();
        readings.take_guards(&mut labels);
        #[cfg(feature = "monitor")]
        readings.take_monitor(&mut labels, foreign, patience);
        #[cfg(feature = "alerts")]
        readings.take_alerts(&mut labels);
        #[cfg(feature = "health")]
        readings.take_health(&mut labels);
        #[cfg(feature = "fleet")]
        readings.take_fleet(&mut labels);
        for (source, name) in super::declared::names() {
            readings.of(*source).push(Reading {
                label: labels.of(name),
                values: None,
            });
        }
        readings
    }

    fn of(&mut self, source: Source) -> &mut Vec<Reading> {
        let at = self.all.iter().position(|(known, _)| *known == source);
        let at = at.unwrap_or_else(|| {
            self.all.push((source, Vec::new()));
            self.all.len() - 1
        });
        &mut self.all[at].1
    }

    fn take_guards(&mut self, labels: &mut Labels) {
        let mut breakers: Vec<BreakerReading> = circuit_breakers().readings().collect();
        // By name, so that the same names have series of their own wherever there are too many.
        breakers.sort_by(|a, b| a.unkeyed_name().cmp(b.unkeyed_name()));
        let timed = breakers.iter().filter_map(|breaker| {
            let durations = breaker.durations?.to_vec();
            Some(Reading {
                label: labels.of(breaker.unkeyed_name()),
                values: Some((Identity::Guard(breaker.instance), durations)),
            })
        });
        let durations = timed.collect();
        let breakers = breakers.iter().map(|breaker| Reading {
            label: labels.of(breaker.unkeyed_name()),
            values: Some((Identity::Guard(breaker.instance), breaker_values(breaker))),
        });
        let breakers = breakers.collect();
        let bulkheads = bulkheads().readings();
        let may_wait = bulkheads.iter().filter(|it| it.has_waits());
        let bulkhead_waits = may_wait.map(|bulkhead| Reading {
            label: labels.of(&bulkhead.name),
            values: Some((Identity::Guard(bulkhead.instance), buckets(&bulkhead.waits))),
        });
        let bulkhead_waits = bulkhead_waits.collect();
        let timed = bulkheads.iter().filter_map(|bulkhead| {
            let calls = bulkhead.calls?.to_vec();
            Some(Reading {
                label: labels.of(&bulkhead.name),
                values: Some((Identity::Guard(bulkhead.instance), calls)),
            })
        });
        let bulkhead_durations = timed.collect();
        let bulkheads = bulkheads.iter().map(|bulkhead| Reading {
            label: labels.of(&bulkhead.name),
            values: Some((
                Identity::Guard(bulkhead.instance),
                bulkhead_values(bulkhead),
            )),
        });
        let bulkheads = bulkheads.collect();
        let limiters = rate_limiters().readings();
        let may_wait = limiters.iter().filter(|it| it.has_waits());
        let limiter_waits = may_wait.map(|limiter| Reading {
            label: labels.of(&limiter.name),
            values: Some((Identity::Guard(limiter.instance), buckets(&limiter.waits))),
        });
        let limiter_waits = limiter_waits.collect();
        let timed = limiters.iter().filter_map(|limiter| {
            let calls = limiter.calls?.to_vec();
            Some(Reading {
                label: labels.of(&limiter.name),
                values: Some((Identity::Guard(limiter.instance), calls)),
            })
        });
        let limiter_durations = timed.collect();
        let limiters = limiters.iter().map(|limiter| Reading {
            label: labels.of(&limiter.name),
            values: Some((Identity::Guard(limiter.instance), limiter_values(limiter))),
        });
        let limiters = limiters.collect();
        let budgets = budget::readings().into_iter().map(|budget| Reading {
            label: labels.of(&budget.name),
            values: Some((
                Identity::Guard(budget.instance),
                vec![budget.available, budget.burst.into()],
            )),
        });
        let budgets = budgets.collect();
        let hedges = named(labels, hedge::readings(), |counts| counts.to_vec());
        let hedge_durations = named(labels, hedge::durations(), |values| values.to_vec());
        let timeout_durations = named(labels, timeout::durations(), |values| values.to_vec());
        let retry_durations = named(labels, retry::durations(), |values| values.to_vec());
        // Those with a failed attempt come from the monitor, and are added up by name.
        let retries = named(labels, retry::first_successes(), |count| {
            vec![count, 0, 0, 0, count]
        });
        self.all = vec![
            (Source::CircuitBreaker, breakers),
            (Source::Bulkhead, bulkheads),
            (Source::RateLimiter, limiters),
            (Source::Retry, retries),
            (Source::RetryBudget, budgets),
            (Source::Hedge, hedges),
            (Source::BreakerDurations, durations),
            (Source::RetryDurations, retry_durations),
            (Source::HedgeDurations, hedge_durations),
            (Source::TimeoutDurations, timeout_durations),
            (Source::BulkheadDurations, bulkhead_durations),
            (Source::RateLimiterDurations, limiter_durations),
            (Source::BulkheadWaits, bulkhead_waits),
            (Source::RateLimiterWaits, limiter_waits),
        ];
    }

    #[cfg(feature = "monitor")]
    fn take_monitor(&mut self, labels: &mut Labels, foreign: &ForeignSources, patience: Duration) {
        use crate::{error::registered_codes, foreign::LastKnown, monitor};

        let codes = registered_codes().map(|code| Reading {
            label: labels.of(code.name()),
            values: None,
        });
        let codes: Vec<Reading> = codes.collect();
        self.of(Source::Errors).extend(codes);
        let Some(monitor) = monitor::started() else {
            return;
        };
        let reading = monitor.reading();
        for (name, by_level) in reading.codes {
            self.push_named(Source::Errors, labels, &name, by_level.to_vec());
        }
        for (name, calls, attempts) in reading.retries {
            let values = [0].into_iter().chain(calls).chain([attempts]).collect();
            self.push_named(Source::Retry, labels, &name, values);
        }
        if let Some(journal) = monitor.journal() {
            let LastKnown { value, is_fresh } = foreign.journal.read(&journal, patience);
            // Of a journal whose status hangs nothing else is known than the last counts.
            let status = value.unwrap_or_default();
            let is_healthy = (is_fresh && status.is_healthy()).into();
            let values = vec![
                status.written,
                status.failed,
                status.lost,
                status.waiting,
                is_healthy,
            ];
            self.push_named(Source::Journal, labels, "", values);
        }
    }

    #[cfg(feature = "alerts")]
    fn take_alerts(&mut self, labels: &mut Labels) {
        use crate::alerts;

        for status in alerts::statuses() {
            let values = vec![status.suppressed, status.inhibited, status.replayed];
            self.push_named(Source::Alerts, labels, "", values);
            for channel in status.channels {
                let lost = channel.lost;
                let mut values = vec![channel.sent, channel.kept, lost.total(), channel.attempts];
                values.extend(lost.entries().map(|(_, count)| count));
                values.extend([channel.waiting as u64, channel.is_healthy().into()]);
                self.push_named(Source::Channel, labels, &channel.name, values);
            }
        }
    }

    #[cfg(feature = "health")]
    fn take_health(&mut self, labels: &mut Labels) {
        use crate::{
            health::{Status, health},
            time::saturating_nanos,
        };

        for check in health().readings() {
            let counts = check.counts;
            let mut values: Vec<u64> = [Status::Pass, Status::Warn, Status::Fail]
                .map(|status| u64::from(check.status == status))
                .to_vec();
            values.extend([
                counts.results - counts.failures,
                counts.failures,
                counts.timeouts,
                check.duration.map_or(0, saturating_nanos),
            ]);
            self.push_named(Source::HealthCheck, labels, &check.name, values);
        }
    }

    #[cfg(feature = "fleet")]
    fn take_fleet(&mut self, labels: &mut Labels) {
        let Some(fleet) = crate::fleet::status() else {
            return;
        };
        let values = vec![
            fleet.operations,
            fleet.failures,
            fleet.updates,
            fleet.leases,
            fleet.breakers as u64,
            fleet.is_healthy().into(),
        ];
        self.push_named(Source::StateStore, labels, "", values);
    }

    /// Adds the reading of what has this name, empty where the source has no label. Where two have one
    /// name, for example channels of alerting that was started twice, their readings are one.
    #[cfg(any(feature = "monitor", feature = "health"))]
    fn push_named(&mut self, source: Source, labels: &mut Labels, name: &str, values: Vec<u64>) {
        let name: Arc<str> = name.into();
        let key = (source, Arc::clone(&name));
        if let Some(at) = self.named.get(&key).copied() {
            if let Some((_, known)) = &mut self.of(source)[at].values {
                for ((known, new), column) in known.iter_mut().zip(values).zip(source.columns()) {
                    *known = match column.kind() {
                        // Healthy are two things only where both are.
                        InstrumentKind::Gauge => new.min(*known),
                        _ => known.saturating_add(new),
                    };
                }
            }
            return;
        }
        let label = if name.is_empty() {
            Arc::clone(&name)
        } else {
            labels.of(&name)
        };
        let of_source = self.of(source);
        let at = of_source.len();
        of_source.push(Reading {
            label,
            values: Some((Identity::Name(name), values)),
        });
        self.named.insert(key, at);
    }
}

/// Makes readings of the counts of guards that no registry lists.
fn named<V>(
    labels: &mut Labels,
    readings: Vec<NamedReading<V>>,
    values: impl Fn(V) -> Vec<u64>,
) -> Vec<Reading> {
    let readings = readings.into_iter().map(|reading| Reading {
        label: labels.of(&reading.name),
        values: Some((Identity::Guard(reading.instance), values(reading.values))),
    });
    readings.collect()
}

/// Returns the buckets of a histogram whose sum is among other values.
fn buckets(durations: &DurationsReading) -> Vec<u64> {
    durations[..BUCKETS].to_vec()
}

fn breaker_values(reading: &BreakerReading) -> Vec<u64> {
    let (counts, history) = (&reading.counts, &reading.history);
    let mut values = vec![
        counts.success,
        counts.failure,
        counts.ignored,
        counts.rejected,
        counts.slow,
        counts.abandoned,
    ];
    values.extend(CircuitState::ALL.map(|state| u64::from(state == history.state)));
    values.extend(history.times);
    values.extend(history.automatic);
    values.extend(history.manual);
    values
}

fn bulkhead_values(reading: &BulkheadReading) -> Vec<u64> {
    let mut values = vec![reading.admitted];
    values.extend(reading.rejected);
    values.extend([
        reading.cancelled,
        reading.limit.into(),
        reading.running.into(),
        reading.waiting,
        number_of(&reading.waits),
        sum_of(&reading.waits),
    ]);
    values
}

fn limiter_values(reading: &RateLimiterReading) -> Vec<u64> {
    vec![
        reading.admitted,
        reading.rejected,
        reading.cancelled,
        reading.available.into(),
        reading.waiting,
        number_of(&reading.waits),
        sum_of(&reading.waits),
    ]
}

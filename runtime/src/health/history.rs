//! Results of one check over time: counts, thresholds, staleness. Pure: results and ticks go in.

use super::{
    result::CheckResult,
    status::{FailureCategory, Status},
};
use crate::time::{Tick, Timestamp};
use std::{collections::VecDeque, time::Duration};

/// One result in the history of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observation {
    /// The status that the check returned.
    pub status: Status,
    /// Why it failed, if it did.
    pub category: Option<FailureCategory>,
    /// When it returned, by the wall clock.
    pub at: Timestamp,
    /// How long the run took.
    pub duration: Duration,
}

/// A change of a check's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusChange {
    /// The status before; `None` before the first result.
    pub from: Option<Status>,
    /// The status after.
    pub to: Status,
    /// When it changed, by the wall clock.
    pub at: Timestamp,
}

/// The last result with its details.
#[derive(Clone, Debug)]
pub(crate) struct LastResult {
    pub(crate) result: CheckResult,
    pub(crate) at: Tick,
    pub(crate) wall: Timestamp,
    pub(crate) duration: Duration,
}

/// Counts since the check was registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckCounts {
    /// Results, of whichever kind.
    pub results: u64,
    /// Results that were failures.
    pub failures: u64,
    /// Runs that took longer than their limit.
    pub timeouts: u64,
    /// Runs that were abandoned at their limit while they hung; each counts once.
    pub abandoned: u64,
    /// Runs that panicked.
    pub panics: u64,
}

/// How many results in a row change the status.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thresholds {
    pub(crate) failures: u32,
    pub(crate) successes: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// The status after the thresholds; `None` before the first result.
    pub(crate) confirmed: Option<Status>,
    pub(crate) last: Option<LastResult>,
    pub(crate) last_success: Option<Timestamp>,
    pub(crate) last_failure: Option<Timestamp>,
    pub(crate) failures_in_a_row: u32,
    pub(crate) successes_in_a_row: u32,
    pub(crate) has_passed: bool,
    pub(crate) counts: CheckCounts,
    /// Oldest first.
    pub(crate) observations: VecDeque<Observation>,
    pub(crate) changes: VecDeque<StatusChange>,
}

impl History {
    /// Adds a result and returns the change of status that it causes.
    ///
    /// The first result takes effect at once: there is no earlier status that it could deviate from.
    pub(crate) fn observe(
        &mut self,
        new: LastResult,
        thresholds: Thresholds,
        keep: usize,
    ) -> Option<StatusChange> {
        let (status, category, wall) = (new.result.status(), new.result.category(), new.wall);
        self.counts.results += 1;
        if status == Status::Fail {
            self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
            self.successes_in_a_row = 0;
            self.last_failure = Some(wall);
            self.counts.failures += 1;
        } else {
            self.successes_in_a_row = self.successes_in_a_row.saturating_add(1);
            self.failures_in_a_row = 0;
            self.last_success = Some(wall);
            self.has_passed = true;
        }
        match category {
            Some(FailureCategory::Timeout) => self.counts.timeouts += 1,
            Some(FailureCategory::Panic) => self.counts.panics += 1,
            _ => {}
        }
        push_bounded(
            &mut self.observations,
            Observation {
                status,
                category,
                at: wall,
                duration: new.duration,
            },
            keep,
        );
        self.last = Some(new);

        let from = self.confirmed;
        let to = match (from, status) {
            (None, first) => first,
            (Some(Status::Fail), Status::Fail) => Status::Fail,
            (Some(Status::Fail), _) if self.successes_in_a_row < thresholds.successes => {
                Status::Fail
            }
            (Some(healthy), Status::Fail) if self.failures_in_a_row < thresholds.failures => {
                healthy
            }
            (Some(_), new) => new,
        };
        self.confirmed = Some(to);
        if from == Some(to) {
            return None;
        }
        let change = StatusChange { from, to, at: wall };
        push_bounded(&mut self.changes, change, keep);
        Some(change)
    }

    /// Returns the status at `now`, and the category if it is a failure: unknown and stale results
    /// are failures.
    pub(crate) fn confirmed_at(
        &self,
        now: Tick,
        stale_after: Duration,
    ) -> (Status, Option<FailureCategory>) {
        let (Some(status), Some(last)) = (self.confirmed, &self.last) else {
            return (Status::Fail, Some(FailureCategory::Unknown));
        };
        if self.is_stale_at(now, stale_after) {
            return (Status::Fail, Some(FailureCategory::Stale));
        }
        let category = if status == Status::Fail {
            last.result.category()
        } else {
            None
        };
        // Between a success and the success threshold the last result has no category of its own.
        (
            status,
            category.or((status == Status::Fail).then_some(FailureCategory::Reported)),
        )
    }

    pub(crate) fn is_stale_at(&self, now: Tick, stale_after: Duration) -> bool {
        self.last
            .as_ref()
            .is_some_and(|last| now.since(last.at) > stale_after)
    }
}

fn push_bounded<T>(list: &mut VecDeque<T>, item: T, keep: usize) {
    while list.len() >= keep.max(1) {
        list.pop_front();
    }
    list.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: Thresholds = Thresholds {
        failures: 3,
        successes: 2,
    };

    fn result(status: Status) -> LastResult {
        let result = match status {
            Status::Pass => CheckResult::pass(),
            Status::Warn => CheckResult::warn("w"),
            Status::Fail => CheckResult::fail("f"),
        };
        LastResult {
            result,
            at: Tick::ZERO,
            wall: Timestamp::from_unix_millis(0),
            duration: Duration::ZERO,
        }
    }

    fn walk(script: &str) -> String {
        let mut history = History::default();
        let letters = script.chars().map(|c| {
            let status = match c {
                'p' => Status::Pass,
                'w' => Status::Warn,
                _ => Status::Fail,
            };
            history.observe(result(status), THRESHOLDS, 4);
            history
                .confirmed
                .map_or("?", Status::name)
                .chars()
                .next()
                .unwrap_or('?')
        });
        letters.collect()
    }

    #[test]
    fn status_follows_the_thresholds() {
        assert_eq!(walk("pffp"), "pppp");
        assert_eq!(walk("pfff"), "pppf");
        assert_eq!(walk("pfffpp"), "pppffp");
        assert_eq!(walk("f"), "f");
        assert_eq!(walk("wpw"), "wpw");
        assert_eq!(walk("wff"), "www");
    }

    /// The thresholds in the slow and obvious way: each step reads back over the whole script.
    fn expected(script: &str) -> String {
        let all: Vec<char> = script.chars().collect();
        let mut shown: Vec<char> = Vec::new();
        for i in 0..all.len() {
            let ends_with = |n: usize, failing: bool| {
                i + 1 >= n && (i + 1 - n..=i).all(|j| (all[j] == 'f') == failing)
            };
            let next = match shown.last() {
                None => all[i],
                Some('f') => {
                    if ends_with(2, false) {
                        all[i]
                    } else {
                        'f'
                    }
                }
                Some(&was) if all[i] == 'f' => {
                    if ends_with(3, true) {
                        'f'
                    } else {
                        was
                    }
                }
                Some(_) => all[i],
            };
            shown.push(next);
        }
        shown.into_iter().collect()
    }

    #[test]
    fn long_random_histories_agree_with_a_simple_model() {
        let mut rng = crate::rng::Rng::seeded(11);
        for _ in 0..300 {
            let script: String = (0..60)
                .map(|_| match rng.next_u64() % 5 {
                    0 | 1 => 'p',
                    2 => 'w',
                    _ => 'f',
                })
                .collect();
            assert_eq!(walk(&script), expected(&script), "{script}");
        }
    }

    #[test]
    fn history_and_status_changes_are_bounded() {
        let mut history = History::default();
        for i in 0..1000 {
            history.observe(
                result(if i % 2 == 0 {
                    Status::Pass
                } else {
                    Status::Warn
                }),
                THRESHOLDS,
                4,
            );
        }
        assert_eq!(
            (
                history.observations.len(),
                history.changes.len(),
                history.counts.results
            ),
            (4, 4, 1000)
        );
    }

    #[test]
    fn stale_pass_is_a_failure() {
        let mut history = History::default();
        history.observe(result(Status::Pass), THRESHOLDS, 4);
        let stale_after = Duration::from_secs(1);
        let limit = Tick::ZERO.after(stale_after);
        assert_eq!(
            history.confirmed_at(limit, stale_after),
            (Status::Pass, None)
        );
        let past = limit.after(Duration::from_nanos(1));
        assert_eq!(
            history.confirmed_at(past, stale_after),
            (Status::Fail, Some(FailureCategory::Stale))
        );
    }
}

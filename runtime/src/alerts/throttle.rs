//! The throttle of errors: one notification of a group in an interval. No clock, no lock, no I/O.

use super::{
    notification::Notification,
    plan::{Episode, Key},
};
use crate::{monitor::Fingerprint, time::Tick};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// What to do with one occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Send it, with the number that was held back before.
    Send { suppressed: u64, escalated: bool },
    /// It was counted; another notification will have the number.
    HoldBack,
}

/// What is due for a slot.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Due {
    /// The interval is over and some were held back.
    Summary {
        key: Key,
        last: Arc<Notification>,
        suppressed: u64,
    },
    /// Some were held back, and nothing but their number is known.
    Nameless { key: Key, suppressed: u64 },
    /// No occurrence came for as long as the rule requires.
    Recovered {
        key: Key,
        last: Arc<Notification>,
        suppressed: u64,
        episode: Episode,
    },
}

/// The slots of all groups with recent notifications.
#[derive(Debug)]
pub(super) struct Throttle {
    interval: Duration,
    /// How many must be held back for an early notification; ten times as many for the next.
    escalate_after: Option<u64>,
    slots: HashMap<Key, Slot>,
    /// When slots that are over make room again, where there is none: to visit all of them for each
    /// error would cost more than everything else that is done for it.
    next_sweep: Tick,
}

/// The notifications of one group on one channel at one level.
#[derive(Debug)]
struct Slot {
    state: SlotState,
    suppressed: u64,
    /// The number in the notification under way: added again if that is not delivered.
    carried: u64,
    next_escalation: u64,
    /// The first occurrence since the problem was last over, and how many there were since.
    first_seen: Tick,
    occurrences: u64,
    last_seen: Tick,
    last_occurrence: Tick,
    recovery_after: Option<Duration>,
    /// When the last recovery was sent.
    recovered: Option<Tick>,
    last: Option<Arc<Notification>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SlotState {
    /// No notification was delivered yet, or not the last one.
    Idle,
    /// A notification is under way.
    InFlight,
    /// A notification was delivered; until that tick occurrences are only counted.
    Quiet(Tick),
    /// A recovery was sent: the next occurrence is sent at once. The slot is remembered until that
    /// tick, so that a problem that comes and goes recovers only once in an interval.
    Over(Tick),
}

/// More groups than this share slots, one per channel and level.
const MAX_SLOTS: usize = 10_000;
const BETWEEN_SWEEPS: Duration = Duration::from_secs(1);

impl Throttle {
    pub(super) fn new(interval: Duration, escalate_after: Option<u64>) -> Self {
        Self {
            interval,
            escalate_after,
            slots: HashMap::new(),
            next_sweep: Tick::ZERO,
        }
    }

    #[cfg(feature = "config")]
    pub(super) fn set_interval(&mut self, interval: Duration) {
        self.interval = interval;
    }

    /// Evaluates one occurrence. Returns the key of the slot that counts it.
    pub(super) fn evaluate_at(
        &mut self,
        now: Tick,
        key: Key,
        recovery_after: Option<Duration>,
    ) -> (Key, Verdict) {
        let key = if self.slots.contains_key(&key) || self.has_room_at(now) {
            key
        } else {
            Key {
                fingerprint: Fingerprint::OTHER,
                ..key
            }
        };
        let first_escalation = self.escalate_after.unwrap_or(u64::MAX);
        let slot = self.slots.entry(key).or_insert_with(|| Slot {
            state: SlotState::Idle,
            suppressed: 0,
            carried: 0,
            next_escalation: first_escalation,
            first_seen: now,
            occurrences: 0,
            last_seen: now,
            last_occurrence: now,
            recovery_after,
            recovered: None,
            last: None,
        });
        if let SlotState::Over(_) = slot.state {
            (slot.first_seen, slot.occurrences) = (now, 0);
        }
        slot.occurrences += 1;
        (slot.last_seen, slot.last_occurrence) = (now, now);
        // The next interval starts with the first escalation step, whether an occurrence or the
        // passing of time ends this one.
        let is_over = match slot.state {
            SlotState::Idle | SlotState::Over(_) => true,
            SlotState::Quiet(until) => now >= until,
            SlotState::InFlight => false,
        };
        if is_over {
            slot.next_escalation = first_escalation;
        }
        let verdict = match slot.state {
            _ if is_over => slot.send(false),
            SlotState::Quiet(_) if slot.suppressed + 1 >= slot.next_escalation => {
                slot.next_escalation = slot.next_escalation.saturating_mul(10);
                slot.send(true)
            }
            _ => {
                slot.suppressed += 1;
                Verdict::HoldBack
            }
        };
        (key, verdict)
    }

    /// Remembers the notification that a verdict led to.
    pub(super) fn remember(&mut self, key: Key, notification: &Arc<Notification>) {
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.last = Some(Arc::clone(notification));
        }
    }

    /// Records whether a notification was delivered: only then the quiet interval begins.
    pub(super) fn settle_at(&mut self, now: Tick, key: Key, arrived: bool) {
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        if arrived {
            slot.carried = 0;
            slot.state = SlotState::Quiet(now.after(self.interval));
            slot.last_seen = now.max(slot.last_seen);
        } else {
            slot.suppressed += std::mem::take(&mut slot.carried);
            slot.state = SlotState::Idle;
        }
    }

    /// Collects a slot for the digest that replaces its notification: the last notification, and how
    /// many were held back, those since the digest began included.
    pub(super) fn collect(&mut self, key: Key) -> Option<(Option<Arc<Notification>>, u64)> {
        let slot = self.slots.get_mut(&key)?;
        slot.carried += std::mem::take(&mut slot.suppressed);
        Some((slot.last.clone(), slot.carried))
    }

    /// Returns what is due now.
    pub(super) fn due_at(&mut self, now: Tick) -> Vec<Due> {
        let mut due = Vec::new();
        let (interval, first_escalation) = (self.interval, self.escalate_after.unwrap_or(u64::MAX));
        self.slots.retain(|key, slot| {
            match slot.state {
                SlotState::InFlight => return true,
                SlotState::Over(until) => return now < until,
                // An undelivered notification is in the journal; its count waits for the next
                // occurrence, for a while.
                SlotState::Idle => {
                    let is_kept =
                        now.since(slot.last_seen) < 10 * interval.max(Duration::from_secs(60));
                    if !is_kept {
                        due.extend(slot.summary(*key));
                    }
                    return is_kept;
                }
                SlotState::Quiet(until) => {
                    let is_over = slot.recovery_due(interval).is_some_and(|at| now >= at);
                    if let (true, Some(last)) = (is_over, &slot.last) {
                        let (last, suppressed) =
                            (Arc::clone(last), std::mem::take(&mut slot.suppressed));
                        let lasted = slot.last_occurrence.since(slot.first_seen);
                        let episode = Episode {
                            lasted,
                            occurrences: slot.occurrences,
                        };
                        due.push(Due::Recovered {
                            key: *key,
                            last,
                            suppressed,
                            episode,
                        });
                        slot.recovered = Some(now);
                        slot.next_escalation = first_escalation;
                        slot.state = SlotState::Over(now.after(interval));
                        return true;
                    }
                    if now < until {
                        return true;
                    }
                }
            }
            slot.next_escalation = first_escalation;
            match slot.summary(*key) {
                Some(Due::Nameless { key, suppressed }) => {
                    due.push(Due::Nameless { key, suppressed });
                    false
                }
                Some(summary) => {
                    due.push(summary);
                    true
                }
                None => slot.recovery_after.is_some() && slot.last.is_some(),
            }
        });
        sort(&mut due);
        due
    }

    /// Returns the summaries of everything that was held back, whatever the time.
    pub(super) fn close(&mut self) -> Vec<Due> {
        let mut due: Vec<Due> = self
            .slots
            .iter_mut()
            .filter_map(|(key, slot)| slot.summary(*key))
            .collect();
        sort(&mut due);
        due
    }

    /// Returns when [`due_at`](Self::due_at) has something to do next.
    pub(super) fn next_due(&self) -> Option<Tick> {
        let of_slot = |slot: &Slot| match (slot.state, slot.recovery_due(self.interval)) {
            (SlotState::Quiet(until), Some(over)) if slot.suppressed > 0 => Some(until.min(over)),
            (SlotState::Quiet(_), Some(over)) => Some(over),
            (SlotState::Quiet(until) | SlotState::Over(until), _) => Some(until),
            (SlotState::Idle | SlotState::InFlight, _) => None,
        };
        self.slots.values().filter_map(of_slot).min()
    }

    /// Returns `true` if a new group gets a slot of its own.
    fn has_room_at(&mut self, now: Tick) -> bool {
        if self.slots.len() >= MAX_SLOTS && now >= self.next_sweep {
            self.next_sweep = now.after(BETWEEN_SWEEPS);
            let over = |slot: &Slot| match slot.state {
                SlotState::Quiet(until) => now >= until && slot.suppressed == 0,
                SlotState::Idle => slot.suppressed == 0,
                SlotState::Over(_) => true,
                SlotState::InFlight => false,
            };
            self.slots.retain(|_, slot| !over(slot));
        }
        self.slots.len() < MAX_SLOTS
    }
}

impl Slot {
    fn send(&mut self, escalated: bool) -> Verdict {
        self.carried = std::mem::take(&mut self.suppressed);
        self.state = SlotState::InFlight;
        Verdict::Send {
            suppressed: self.carried,
            escalated,
        }
    }

    /// Sends the number of those that were held back, if any were.
    fn summary(&mut self, key: Key) -> Option<Due> {
        if self.suppressed == 0 {
            return None;
        }
        let suppressed = self.suppressed;
        self.send(false);
        Some(match self.last.clone() {
            Some(last) => Due::Summary {
                key,
                last,
                suppressed,
            },
            None => Due::Nameless { key, suppressed },
        })
    }

    /// Returns when the problem counts as over if it does not occur before: a time after the last
    /// occurrence, and once in an interval.
    fn recovery_due(&self, interval: Duration) -> Option<Tick> {
        let quiet = self.last_seen.after(self.recovery_after?);
        Some(
            self.recovered
                .map_or(quiet, |recovered| quiet.max(recovered.after(interval))),
        )
    }
}

/// Sorts by key, since the slots have no order of their own.
fn sort(due: &mut [Due]) {
    due.sort_by_key(|due| match due {
        Due::Summary { key, .. } | Due::Nameless { key, .. } | Due::Recovered { key, .. } => *key,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{alerts::notification::NotificationKind, event::Severity};

    const INTERVAL: Duration = Duration::from_secs(300);

    fn key(channel: usize, level: Severity) -> Key {
        Key {
            channel,
            fingerprint: Fingerprint::from_parts(&["x"]),
            level,
        }
    }

    fn at(seconds: u64) -> Tick {
        Tick::ZERO.after(Duration::from_secs(seconds))
    }

    fn notification() -> Arc<Notification> {
        Arc::new(Notification::new(
            NotificationKind::Error,
            Severity::Error,
            "rule",
            "title",
        ))
    }

    fn send(suppressed: u64, escalated: bool) -> Verdict {
        Verdict::Send {
            suppressed,
            escalated,
        }
    }

    #[test]
    fn thousand_equal_errors_send_one_notification_at_once_and_one_summary() {
        let mut throttle = Throttle::new(INTERVAL, None);
        let key = key(0, Severity::Error);
        assert_eq!(
            throttle.evaluate_at(at(0), key, None),
            (key, send(0, false))
        );
        throttle.remember(key, &notification());
        for i in 0..999 {
            if i == 500 {
                throttle.settle_at(at(0), key, true);
            }
            assert_eq!(throttle.evaluate_at(at(1), key, None).1, Verdict::HoldBack);
        }
        assert_eq!(throttle.next_due(), Some(at(300)));
        assert_eq!(throttle.due_at(at(299)), []);
        let [
            Due::Summary {
                suppressed: 999, ..
            },
        ] = throttle.due_at(at(300))[..]
        else {
            panic!("one summary")
        };
        throttle.settle_at(at(300), key, true);
        assert_eq!(throttle.due_at(at(600)), []);
        assert!(throttle.slots.is_empty());
    }

    /// An undelivered notification silences nothing, and its count is not lost.
    #[test]
    fn only_a_delivered_notification_begins_the_quiet_interval() {
        let mut throttle = Throttle::new(INTERVAL, None);
        let key = key(0, Severity::Error);
        throttle.evaluate_at(at(0), key, None);
        throttle.evaluate_at(at(0), key, None);
        throttle.settle_at(at(1), key, false);
        assert_eq!(throttle.evaluate_at(at(2), key, None).1, send(1, false));
        throttle.settle_at(at(2), key, false);
        assert_eq!(throttle.evaluate_at(at(3), key, None).1, send(1, false));
        throttle.settle_at(at(3), key, true);
        assert_eq!(throttle.evaluate_at(at(4), key, None).1, Verdict::HoldBack);
    }

    #[test]
    fn channels_levels_and_groups_do_not_silence_each_other() {
        let mut throttle = Throttle::new(INTERVAL, None);
        let other = Key {
            fingerprint: Fingerprint::from_parts(&["y"]),
            ..key(0, Severity::Error)
        };
        for key in [
            key(0, Severity::Error),
            key(0, Severity::Critical),
            key(1, Severity::Error),
            other,
        ] {
            assert_eq!(throttle.evaluate_at(at(0), key, None).1, send(0, false));
            throttle.settle_at(at(0), key, true);
            assert_eq!(throttle.evaluate_at(at(0), key, None).1, Verdict::HoldBack);
        }
    }

    #[test]
    fn flood_escalates_at_tenfold_steps() {
        let mut throttle = Throttle::new(INTERVAL, Some(10));
        let key = key(0, Severity::Error);
        let mut sent = Vec::new();
        for i in 0..1000 {
            if let (
                _,
                Verdict::Send {
                    suppressed,
                    escalated,
                },
            ) = throttle.evaluate_at(at(1), key, None)
            {
                throttle.settle_at(at(1), key, true);
                sent.push((i, suppressed, escalated));
            }
        }
        assert_eq!(sent, [(0, 0, false), (10, 9, true), (110, 99, true)]);
    }

    #[test]
    fn escalation_starts_anew_whether_an_occurrence_or_a_tick_ends_the_interval() {
        let steps_after = |occurrence_first: bool| {
            let mut throttle = Throttle::new(INTERVAL, Some(10));
            let key = key(0, Severity::Error);
            throttle.evaluate_at(at(0), key, None);
            throttle.remember(key, &notification());
            throttle.settle_at(at(0), key, true);
            // One early notification in the first interval, so that the next step would be 100.
            for _ in 0..10 {
                throttle.evaluate_at(at(1), key, None);
            }
            throttle.settle_at(at(1), key, true);
            throttle.evaluate_at(at(2), key, None);
            match occurrence_first {
                true => {
                    assert_eq!(throttle.evaluate_at(at(301), key, None).1, send(1, false));
                    assert_eq!(throttle.due_at(at(301)), []);
                }
                false => {
                    assert!(matches!(
                        throttle.due_at(at(301))[..],
                        [Due::Summary { suppressed: 1, .. }]
                    ));
                    assert_eq!(
                        throttle.evaluate_at(at(301), key, None).1,
                        Verdict::HoldBack
                    );
                }
            }
            throttle.settle_at(at(301), key, true);
            let verdicts = (0..200).map(|_| {
                let verdict = throttle.evaluate_at(at(302), key, None).1;
                throttle.settle_at(at(302), key, true);
                verdict
            });
            verdicts
                .filter(|verdict| *verdict != Verdict::HoldBack)
                .collect::<Vec<_>>()
        };
        assert_eq!(steps_after(true), [send(9, true), send(99, true)]);
        assert_eq!(steps_after(false), steps_after(true));
    }

    #[test]
    fn recovery_is_sent_once_after_the_quiet_time() {
        let mut throttle = Throttle::new(INTERVAL, None);
        let key = key(0, Severity::Error);
        let quiet = Some(Duration::from_secs(900));
        throttle.evaluate_at(at(0), key, quiet);
        throttle.remember(key, &notification());
        throttle.settle_at(at(0), key, true);
        assert_eq!(throttle.due_at(at(300)), []);
        assert_eq!(throttle.next_due(), Some(at(900)));
        assert!(matches!(
            throttle.due_at(at(900))[..],
            [Due::Recovered { .. }]
        ));
        assert_eq!(throttle.due_at(at(2000)), []);
    }

    #[test]
    fn groups_beyond_the_limit_share_a_slot_and_are_still_sent() {
        let mut throttle = Throttle::new(INTERVAL, None);
        for i in 0..MAX_SLOTS + 5 {
            let key = Key {
                fingerprint: Fingerprint::from_parts(&[&i.to_string()]),
                ..key(0, Severity::Error)
            };
            throttle.evaluate_at(at(0), key, None);
        }
        assert_eq!(throttle.slots.len(), MAX_SLOTS + 1);
        let shared = throttle
            .slots
            .iter()
            .find(|(key, _)| key.fingerprint == Fingerprint::OTHER)
            .unwrap();
        assert_eq!(shared.1.suppressed, 4);
        assert_eq!(throttle.next_sweep, at(1), "all slots were visited once");
        // An idle slot that holds nothing back makes room, at the next sweep.
        let of = |text: &str| Key {
            fingerprint: Fingerprint::from_parts(&[text]),
            ..key(0, Severity::Error)
        };
        for text in ["0", "1"] {
            throttle.settle_at(at(0), of(text), false);
        }
        assert_ne!(
            throttle.evaluate_at(at(0), of("later"), None).0,
            of("later")
        );
        assert_eq!(
            throttle.evaluate_at(at(1), of("later"), None).0,
            of("later")
        );
    }

    fn named(name: &str) -> Key {
        Key {
            fingerprint: Fingerprint::from_parts(&[name]),
            ..key(0, Severity::Error)
        }
    }

    #[test]
    fn summary_does_not_wait_for_the_recovery() {
        let mut throttle = Throttle::new(INTERVAL, None);
        let x = named("x");
        throttle.evaluate_at(at(0), x, Some(Duration::from_secs(900)));
        throttle.remember(x, &notification());
        throttle.settle_at(at(0), x, true);
        assert_eq!(throttle.next_due(), Some(at(900)));
        throttle.evaluate_at(at(1), x, None);
        assert_eq!(throttle.next_due(), Some(at(300)));
        assert!(matches!(
            throttle.due_at(at(300))[..],
            [Due::Summary { suppressed: 1, .. }]
        ));
    }

    #[test]
    fn slot_is_forgotten_an_interval_after_the_recovery() {
        let mut throttle = Throttle::new(INTERVAL, None);
        let x = named("x");
        throttle.evaluate_at(at(0), x, Some(Duration::from_secs(10)));
        throttle.remember(x, &notification());
        throttle.settle_at(at(0), x, true);
        assert!(matches!(
            throttle.due_at(at(10))[..],
            [Due::Recovered { .. }]
        ));
        assert_eq!(throttle.next_due(), Some(at(310)));
        throttle.due_at(at(309));
        assert_eq!(throttle.slots.len(), 1);
        throttle.due_at(at(310));
        assert!(throttle.slots.is_empty());
    }

    #[test]
    fn count_of_an_undelivered_notification_is_due_after_ten_intervals() {
        let mut throttle = Throttle::new(INTERVAL, None);
        let x = named("x");
        throttle.evaluate_at(at(0), x, None);
        throttle.evaluate_at(at(0), x, None);
        throttle.settle_at(at(0), x, false);
        assert_eq!(throttle.due_at(at(2999)), []);
        assert_eq!(
            throttle.due_at(at(3000)),
            [Due::Nameless {
                key: x,
                suppressed: 1
            }]
        );
        assert!(throttle.slots.is_empty());
    }

    #[test]
    fn due_summaries_are_in_the_order_of_their_keys() {
        let mut throttle = Throttle::new(INTERVAL, None);
        for i in 0..20 {
            let x = named(&i.to_string());
            throttle.evaluate_at(at(0), x, None);
            throttle.evaluate_at(at(0), x, None);
            throttle.remember(x, &notification());
            throttle.settle_at(at(0), x, true);
        }
        let keys: Vec<Key> = throttle
            .due_at(at(300))
            .into_iter()
            .map(|due| match due {
                Due::Summary { key, .. } => key,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(keys.len(), 20);
        assert!(keys.is_sorted());
    }

    #[test]
    fn only_slots_that_are_over_and_hold_nothing_back_make_room() {
        let full = || {
            let mut throttle = Throttle::new(INTERVAL, None);
            for i in 0..MAX_SLOTS {
                throttle.evaluate_at(at(0), named(&i.to_string()), None);
            }
            throttle
        };
        let has_room = |throttle: &mut Throttle, now| {
            throttle.evaluate_at(now, named("late"), None).0 == named("late")
        };
        assert!(!has_room(&mut full(), at(9999)), "all are under way");

        // Two each time: a group without room shares a slot, which is one more.
        let mut throttle = full();
        for name in ["7", "8"] {
            throttle.settle_at(at(0), named(name), true);
        }
        assert!(!has_room(&mut throttle, at(299)), "they are still quiet");
        assert!(has_room(&mut throttle, at(300)));

        let mut throttle = full();
        for name in ["7", "8"] {
            throttle.settle_at(at(0), named(name), true);
        }
        for name in ["7", "8"] {
            throttle.evaluate_at(at(1), named(name), None);
        }
        assert!(!has_room(&mut throttle, at(300)), "they hold some back");

        let mut throttle = full();
        for name in ["7", "8"] {
            throttle.evaluate_at(at(0), named(name), None);
        }
        for name in ["7", "8"] {
            throttle.settle_at(at(0), named(name), false);
        }
        assert!(!has_room(&mut throttle, at(0)), "they hold some back");
        for name in ["5", "6"] {
            throttle.settle_at(at(0), named(name), false);
        }
        assert!(has_room(&mut throttle, at(1)));
    }
}

//! What happened: changes of states, also from before the dashboard was made, and notifications since;
//! bounded.

use crate::sync::Mutex;
use gardefou::{
    error::Redactor,
    event::{BreakerEvent, BreakerEventKind, Event, HealthEvent, NotificationEvent, Record},
};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    time::Duration,
};

/// Keeps the last events that the page shows. It is an observer: its methods run on the threads of
/// calls that change a state.
pub(crate) struct History {
    most: usize,
    lists: Mutex<Lists>,
    /// The last slow calls, by the name of the breaker as it was given. Slow calls may be frequent:
    /// one that finds the lock taken is not kept.
    slow: Mutex<HashMap<String, SlowCall>>,
    /// Called after a change of a state.
    on_change: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Lists {
    /// The number of the newest entry of both lists.
    newest: u64,
    /// The number of the newest entry that is from before the dashboard was made.
    newest_earlier: u64,
    changes: VecDeque<Change>,
    notifications: VecDeque<Notified>,
}

/// A change of the state of a breaker, or of the status of a check.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) number: u64,
    pub(crate) of: Subject,
    /// When, in milliseconds since the Unix epoch.
    pub(crate) at: i64,
    /// The name as it was given, by which the guard is found; never shown.
    pub(crate) given_name: String,
    /// The name, redacted.
    pub(crate) name: String,
    pub(crate) from: Option<&'static str>,
    pub(crate) to: &'static str,
    pub(crate) reason: Option<&'static str>,
    /// The cause of an opening, or the message of a check, redacted.
    pub(crate) cause: Option<String>,
}

impl Change {
    /// Returns `true` if another change is this one, whose time was computed from two clocks.
    fn is_same(&self, other: &Self) -> bool {
        self.of == other.of
            && self.to == other.to
            && self.from == other.from
            && self.at.abs_diff(other.at) <= SAME_TIME
            && self.given_name == other.given_name
    }
}

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Breaker,
    Check,
}

/// A notification that a channel delivered, or that was given up.
#[derive(Clone, Debug)]
pub(crate) struct Notified {
    pub(crate) number: u64,
    pub(crate) at: i64,
    pub(crate) title: String,
    pub(crate) level: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) channel: String,
    pub(crate) rule: String,
    pub(crate) outcome: &'static str,
    pub(crate) suppressed: u64,
}

/// The last slow call of a breaker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SlowCall {
    pub(crate) elapsed: Duration,
    /// Whether it still ran when it was found to be slow.
    pub(crate) pending: bool,
}

impl History {
    pub(crate) fn new(most: usize, on_change: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            most,
            lists: Mutex::default(),
            slow: Mutex::default(),
            on_change: Box::new(on_change),
        }
    }

    /// Takes an event.
    pub(crate) fn note(&self, event: &Event<'_>) {
        match event {
            Event::Breaker(breaker) => match breaker.kind {
                BreakerEventKind::Transition { .. } => {
                    self.keep(
                        event
                            .record()
                            .and_then(|record| of_breaker(breaker, &record)),
                    );
                }
                BreakerEventKind::Slow {
                    elapsed, pending, ..
                } => self.note_slow(breaker.name, SlowCall { elapsed, pending }),
                _ => {}
            },
            Event::Health(health) => {
                self.keep(event.record().map(|record| of_health(health, &record)));
            }
            Event::Notification(notification) => {
                let Some(record) = event.record() else {
                    return;
                };
                let mut entry = of_notification(notification, &record);
                let mut lists = self.lists.lock();
                lists.newest += 1;
                entry.number = lists.newest;
                push(&mut lists.notifications, entry, self.most);
            }
            _ => {}
        }
    }

    /// Puts changes from before the dashboard was made, oldest first, before those that it has noted
    /// already: what is in both is there once.
    pub(crate) fn begin_with(&self, earlier: Vec<Change>) {
        let mut lists = self.lists.lock();
        let noted = std::mem::take(&mut lists.changes);
        let earlier = earlier.into_iter();
        let earlier = earlier.filter(|change| !noted.iter().any(|known| known.is_same(change)));
        let earlier: Vec<Change> = earlier.collect();
        let too_many = (earlier.len() + noted.len()).saturating_sub(self.most);
        let count = earlier.len().saturating_sub(too_many);
        // Notifications share the numbers.
        lists.newest_earlier = lists.newest + count as u64;
        for mut change in earlier.into_iter().skip(too_many).chain(noted) {
            lists.newest += 1;
            change.number = lists.newest;
            push(&mut lists.changes, change, self.most);
        }
    }

    fn keep(&self, change: Option<Change>) {
        // A program may drop records on purpose.
        let Some(mut change) = change else {
            return;
        };
        {
            let mut lists = self.lists.lock();
            // An event may come after its change was read.
            let newest_earlier = lists.newest_earlier;
            let earlier = (lists.changes.iter()).take_while(|known| known.number <= newest_earlier);
            if earlier.into_iter().any(|known| known.is_same(&change)) {
                return;
            }
            lists.newest += 1;
            change.number = lists.newest;
            push(&mut lists.changes, change, self.most);
        }
        (self.on_change)();
    }

    fn note_slow(&self, name: &str, call: SlowCall) {
        let Some(mut slow) = self.slow.try_lock() else {
            return;
        };
        if let Some(last) = slow.get_mut(name) {
            *last = call;
        } else if slow.len() < MOST_SLOW {
            slow.insert(name.to_owned(), call);
        }
    }

    /// Returns the last slow call of each breaker, and forgets those of other names.
    pub(crate) fn slow_calls(&self, names: &HashSet<&str>) -> HashMap<String, SlowCall> {
        let mut slow = self.slow.lock();
        slow.retain(|name, _| names.contains(name.as_str()));
        slow.clone()
    }

    /// Returns the changes and notifications, oldest first.
    pub(crate) fn entries(&self) -> (Vec<Change>, Vec<Notified>) {
        let lists = self.lists.lock();
        (
            lists.changes.iter().cloned().collect(),
            lists.notifications.iter().cloned().collect(),
        )
    }
}

fn push<T>(list: &mut VecDeque<T>, entry: T, most: usize) {
    if list.len() >= most {
        list.pop_front();
    }
    list.push_back(entry);
}

fn of_breaker(event: &BreakerEvent<'_>, record: &Record) -> Option<Change> {
    let BreakerEventKind::Transition {
        from, to, reason, ..
    } = event.kind
    else {
        return None;
    };
    let cause = record.details.get("cause").and_then(Value::as_str);
    Some(Change {
        number: 0,
        of: Subject::Breaker,
        at: record.timestamp.as_unix_millis(),
        given_name: event.name.to_owned(),
        name: record.operation.clone(),
        from: Some(from.name()),
        to: to.name(),
        reason: Some(reason.name()),
        cause: cause.map(str::to_owned),
    })
}

fn of_health(event: &HealthEvent<'_>, record: &Record) -> Change {
    Change {
        number: 0,
        of: Subject::Check,
        at: record.timestamp.as_unix_millis(),
        given_name: event.check.to_owned(),
        name: record.operation.clone(),
        from: event.from,
        to: event.to,
        reason: None,
        cause: event.output.map(shown),
    }
}

fn of_notification(event: &NotificationEvent<'_>, record: &Record) -> Notified {
    Notified {
        number: 0,
        at: record.timestamp.as_unix_millis(),
        title: shown(event.title),
        level: event.level.name(),
        kind: event.kind,
        channel: shown(event.channel),
        rule: shown(event.rule),
        outcome: event.outcome.name(),
        suppressed: event.suppressed,
    }
}

/// Returns a text in one line, bounded, with secrets redacted and invisible characters escaped.
pub(crate) fn shown(text: &str) -> String {
    Redactor::current().line(text, LONGEST_TEXT).into_owned()
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

/// Beyond the time between two readings of a clock, in milliseconds.
pub(crate) const SAME_TIME: u64 = 25;

/// As the texts of records.
const LONGEST_TEXT: usize = 512;

/// As many breakers as a registry keeps by design.
const MOST_SLOW: usize = 10_000;

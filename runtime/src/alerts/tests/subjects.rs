use super::*;
use crate::{
    alerts::{
        plan::Episode,
        published::{CLOSED, OPEN, SubjectState},
    },
    event::Severity,
    monitor::Fingerprint,
    time::Timestamp,
};

const INTERVAL: Duration = Duration::from_secs(3600);
const FLAP: Duration = FLAP_INTERVAL;

fn id(name: &str) -> SubjectId {
    (0, Fingerprint::from_parts(&["breaker", name]))
}

fn at(seconds: u64) -> Tick {
    Tick::ZERO.after(Duration::from_secs(seconds))
}

fn subject_state(name: &'static str, level: Severity) -> SubjectState {
    SubjectState {
        name,
        is_good: name == CLOSED,
        level,
    }
}

fn observation(state: SubjectState) -> Observation {
    let content = Content::BreakerOpened {
        name: "x".into(),
        reason: "",
        cause: None,
    };
    Observation {
        state,
        rule: Some("breakers".into()),
        content,
        is_first_good: false,
    }
}

fn open() -> Observation {
    observation(subject_state(OPEN, Severity::Error))
}

fn closed() -> Observation {
    observation(subject_state(CLOSED, Severity::Info))
}

/// A first state that is good, for example of a breaker that was just made.
fn first_closed() -> Observation {
    Observation {
        is_first_good: true,
        ..closed()
    }
}

fn sent(verdict: StateVerdict) -> Plan {
    match verdict {
        StateVerdict::Send(plan) => *plan,
        other => panic!("nothing was sent: {other:?}"),
    }
}

fn subjects() -> Subjects {
    Subjects::new(INTERVAL, None)
}

/// Observes a state, and delivers its notification.
fn deliver(subjects: &mut Subjects, now: Tick, id: SubjectId, observation: Observation) -> Plan {
    let plan = sent(subjects.observe_at(now, id, observation));
    assert!(subjects.settle_at(now, id, Settlement::Delivered));
    plan
}

fn restored(age: Duration, level: Severity) -> (RestoredState, Duration) {
    let fingerprint = id("x").1;
    let (lasts, count) = (Duration::from_secs(60), 2);
    let state = PublishedState {
        of: "breaker",
        name: "x".into(),
        fingerprint,
        state: subject_state(OPEN, level),
        lasts,
        count,
    };
    (
        RestoredState {
            state,
            rule: "breakers".into(),
            at: Timestamp::from_unix_millis(0),
        },
        age,
    )
}

#[test]
fn bad_state_escalates_at_tenfold_steps_and_good_state_never() {
    let mut subjects = Subjects::new(INTERVAL, Some(3));
    let x = id("x");
    deliver(&mut subjects, at(0), x, open());
    let mut early = Vec::new();
    for i in 1..=33 {
        if let StateVerdict::Send(plan) = subjects.observe_at(at(1), x, open()) {
            early.push((i, plan.suppressed, plan.escalated));
            subjects.settle_at(at(1), x, Settlement::Delivered);
        }
    }
    assert_eq!(early, [(3, 2, true), (33, 29, true)]);
    let recovery = deliver(&mut subjects, at(2), x, closed());
    assert!(!recovery.escalated, "its time had come");
    for _ in 0..100 {
        assert!(matches!(
            subjects.observe_at(at(3), x, closed()),
            StateVerdict::HoldBack
        ));
    }
}

#[test]
fn undelivered_counts_are_added_to_the_next_notification() {
    let mut subjects = subjects();
    let x = id("x");
    deliver(&mut subjects, at(0), x, open());
    for _ in 0..4 {
        subjects.observe_at(at(1), x, open());
    }
    // Carries the four.
    let first = sent(subjects.observe_at(at(2), x, closed()));
    assert_eq!((first.suppressed, first.changes), (4, 1));
    subjects.observe_at(at(3), x, closed());
    subjects.observe_at(at(3), x, closed());
    subjects.settle_at(at(4), x, Settlement::Kept);
    assert_eq!(
        subjects.next_due(),
        Some(at(4).after(FLAP)),
        "the same state is not tried again at once"
    );
    let [again] = &subjects.due_at(at(4).after(FLAP))[..] else {
        panic!("one")
    };
    assert_eq!(
        (again.suppressed, again.changes, again.is_fresh),
        (6, 1, false)
    );
}

/// A circuit opens again while the recovery is under way, and that is lost: both are one outage.
#[test]
fn lost_recovery_leaves_one_outage_with_the_next_opening() {
    let mut subjects = subjects();
    let x = id("x");
    deliver(&mut subjects, at(0), x, open());
    subjects.observe_at(at(1), x, open());
    subjects.observe_at(at(2), x, open());
    let first = sent(subjects.observe_at(at(10), x, closed()));
    assert_eq!(
        first.episode,
        Some(Episode {
            lasted: Duration::from_secs(10),
            occurrences: 3
        })
    );
    subjects.observe_at(at(11), x, open());
    subjects.observe_at(at(12), x, open());
    subjects.settle_at(at(13), x, Settlement::Kept);
    let second = sent(subjects.observe_at(at(20), x, closed()));
    assert_eq!(
        second.episode,
        Some(Episode {
            lasted: Duration::from_secs(20),
            occurrences: 5
        })
    );
}

#[test]
fn receiver_without_the_bad_state_gets_no_recovery() {
    let mut subjects = subjects();
    let x = id("x");
    deliver(&mut subjects, at(0), x, closed());
    sent(subjects.observe_at(at(1), x, open()));
    subjects.settle_at(at(1), x, Settlement::Dropped);
    assert!(matches!(
        subjects.observe_at(at(2), x, closed()),
        StateVerdict::Ignore
    ));
    // A receiver with the bad state gets the recovery, although a later notification was dropped.
    let y = id("y");
    deliver(&mut subjects, at(0), y, open());
    let worse = observation(subject_state(OPEN, Severity::Critical));
    sent(subjects.observe_at(at(1), y, worse));
    subjects.settle_at(at(1), y, Settlement::Dropped);
    sent(subjects.observe_at(at(2), y, closed()));
}

#[test]
fn change_within_the_flap_interval_is_sent_at_its_end_or_at_close() {
    let flapping = || {
        let mut subjects = subjects();
        deliver(&mut subjects, at(0), id("x"), open());
        assert_eq!(subjects.next_due(), None);
        deliver(&mut subjects, at(1), id("x"), closed());
        deliver(&mut subjects, at(2), id("x"), open());
        assert!(matches!(
            subjects.observe_at(at(3), id("x"), closed()),
            StateVerdict::HoldBack
        ));
        subjects
    };
    let mut subjects = flapping();
    assert_eq!(subjects.next_due(), Some(at(1).after(FLAP)));
    assert!(subjects.due_at(at(300)).is_empty());
    let [plan] = &subjects.due_at(at(301))[..] else {
        panic!("one")
    };
    assert!(!plan.is_fresh && plan.key.level == Severity::Info);
    let [plan] = &flapping().close_at(at(4))[..] else {
        panic!("one")
    };
    assert!(!plan.is_fresh && plan.key.level == Severity::Info);
}

#[test]
fn less_urgent_state_waits_for_the_flap_interval() {
    let mut subjects = subjects();
    deliver(
        &mut subjects,
        at(0),
        id("x"),
        observation(subject_state("fail", Severity::Error)),
    );
    let warn = observation(subject_state("warn", Severity::Warning));
    assert!(matches!(
        subjects.observe_at(at(1), id("x"), warn),
        StateVerdict::HoldBack
    ));
    assert_eq!(subjects.next_due(), Some(at(0).after(FLAP)));
}

#[test]
fn lost_digest_restores_the_counts_of_all_changes() {
    let mut subjects = subjects();
    let x = id("x");
    deliver(&mut subjects, at(0), x, open());
    deliver(&mut subjects, at(1), x, closed());
    deliver(&mut subjects, at(2), x, open());
    subjects.observe_at(at(3), x, closed());
    subjects.observe_at(at(4), x, open());
    // Two changes in this one, three before the digest is made.
    let worse = observation(subject_state(OPEN, Severity::Critical));
    assert_eq!(
        sent(subjects.observe_at(at(5), x, worse.clone())).changes,
        2
    );
    subjects.observe_at(at(6), x, closed());
    subjects.observe_at(at(7), x, worse.clone());
    subjects.observe_at(at(8), x, closed());
    let (_, held_back, _) = subjects.collect_at(at(9), x).unwrap();
    assert_eq!(held_back, 2 + 3);
    subjects.settle_at(at(10), x, Settlement::Kept);
    let plans = subjects.due_at(at(10).after(FLAP));
    assert_eq!(
        plans
            .iter()
            .map(|plan| (plan.suppressed, plan.changes))
            .collect::<Vec<_>>(),
        [(5, 5)]
    );
}

#[test]
fn first_good_state_is_sent_only_after_a_bad_one() {
    let mut subjects = subjects();
    assert!(matches!(
        subjects.observe_at(at(0), id("x"), first_closed()),
        StateVerdict::Ignore
    ));
    deliver(&mut subjects, at(0), id("x"), closed());
    assert!(matches!(
        subjects.observe_at(at(1), id("x"), first_closed()),
        StateVerdict::Ignore
    ));
    deliver(&mut subjects, at(0), id("y"), open());
    sent(subjects.observe_at(at(1), id("y"), first_closed()));
    // A notification under way counts.
    sent(subjects.observe_at(at(0), id("z"), open()));
    assert!(matches!(
        subjects.observe_at(at(1), id("z"), first_closed()),
        StateVerdict::HoldBack
    ));
}

#[test]
fn restored_state_is_not_sent_again_until_another_or_a_worse_one_is_observed() {
    let x = id("x");
    for (next, goes_on) in [
        (open(), true),
        (observation(subject_state(OPEN, Severity::Warning)), true),
        (observation(subject_state(OPEN, Severity::Critical)), false),
        (closed(), false),
    ] {
        let mut subjects = subjects();
        let (restored, age) = restored(Duration::from_secs(600), Severity::Error);
        subjects.restore_at(at(0), 0, restored, age);
        assert_eq!(subjects.restored().len(), 1);
        let verdict = subjects.observe_at(at(30), x, next.clone());
        assert_eq!(matches!(verdict, StateVerdict::Ignore), goes_on, "{next:?}");
        assert!(subjects.restored().is_empty());
        if next.state.is_good {
            let lasted = Duration::from_secs(60 + 600 + 30);
            assert_eq!(
                sent(verdict).episode,
                Some(Episode {
                    lasted,
                    occurrences: 2
                })
            );
        }
    }
}

#[test]
fn restored_state_does_not_overwrite_an_observed_one() {
    let mut subjects = subjects();
    deliver(&mut subjects, at(0), id("x"), closed());
    let (restored, age) = restored(Duration::from_secs(600), Severity::Error);
    subjects.restore_at(at(1), 0, restored, age);
    assert!(subjects.restored().is_empty());
}

fn full(of: impl Fn(usize) -> Observation, settled: bool) -> Subjects {
    let mut subjects = subjects();
    for i in 0..MAX_SUBJECTS {
        let id = id(&i.to_string());
        sent(subjects.observe_at(at(0), id, of(i)));
        if settled {
            subjects.settle_at(at(0), id, Settlement::Delivered);
        }
    }
    assert_eq!(subjects.all.len(), MAX_SUBJECTS);
    subjects
}

#[test]
fn subjects_beyond_the_limit_are_sent_without_being_remembered() {
    let mut subjects = full(|_| open(), true);
    for _ in 0..2 {
        sent(subjects.observe_at(at(1), id("new"), open()));
        assert!(
            !subjects.settle_at(at(1), id("new"), Settlement::Delivered),
            "it is not remembered"
        );
    }
    assert!(
        matches!(
            subjects.observe_at(at(1), id("7"), open()),
            StateVerdict::HoldBack
        ),
        "it is remembered"
    );
    let (restored, age) = restored(Duration::ZERO, Severity::Error);
    subjects.restore_at(at(1), 0, restored, age);
    assert!(subjects.restored().is_empty());
    assert_eq!(subjects.all.len(), MAX_SUBJECTS);
}

#[test]
fn subjects_that_are_over_make_room() {
    let mut subjects = full(|_| closed(), true);
    let later = at(0).after(INTERVAL);
    sent(subjects.observe_at(at(3599), id("new"), open()));
    assert!(
        !subjects.settle_at(at(3599), id("new"), Settlement::Delivered),
        "the others are not over yet"
    );
    sent(subjects.observe_at(later, id("new"), open()));
    assert!(subjects.settle_at(later, id("new"), Settlement::Delivered));
    assert_eq!(subjects.all.len(), 1);
}

#[test]
fn subjects_whose_state_no_rule_sends_make_room() {
    let mut subjects = full(|_| open(), false);
    for name in ["3", "4"] {
        let unwanted = Observation {
            rule: None,
            ..observation(subject_state("half_open", Severity::Info))
        };
        assert!(matches!(
            subjects.observe_at(at(1), id(name), unwanted),
            StateVerdict::Ignore
        ));
    }
    sent(subjects.observe_at(at(2), id("new"), open()));
    assert!(subjects.settle_at(at(2), id("new"), Settlement::Delivered));
    assert_eq!(subjects.all.len(), MAX_SUBJECTS - 1);
}

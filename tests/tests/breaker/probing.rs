//! Half-open state: probes, their slots, and how it ends.

use crate::support::{MINUTE, SECOND, bench, listen};
use gardefou::{
    AppError, ErrorCode,
    breaker::CircuitState::{Closed, HalfOpen, Open},
    classify::Verdict,
    time::Clock,
};
use std::time::Duration;

#[test]
fn with_one_slot_the_second_caller_is_rejected_while_the_first_runs() {
    let svc = bench(|b| b.failure_threshold(1).half_open_max_calls(1));
    svc.script("F");
    svc.pass(MINUTE);
    let probe = svc.breaker.try_acquire().unwrap();
    assert!(svc.is_rejecting());
    probe.success();
    assert_eq!(svc.state(), Closed);
}

#[test]
fn each_half_open_time_has_all_its_slots() {
    let svc = bench(|b| b.failure_threshold(1).half_open_max_calls(4));
    svc.script("F");
    for _ in 0..3 {
        svc.pass(MINUTE);
        let mut probes: Vec<_> = (0..4).map(|_| svc.breaker.try_acquire().unwrap()).collect();
        assert!(svc.is_rejecting());
        probes.pop().unwrap().failure();
        assert_eq!(svc.state(), Open);
    }
}

#[test]
fn successful_probe_closes_clears_and_emits_one_event() {
    let svc = bench(|b| b.failure_threshold(2));
    let (_subscription, events) = listen(&svc.breaker);
    svc.script("FF");
    svc.pass(MINUTE);
    svc.script("S");
    assert_eq!(svc.breaker.snapshot().consecutive_failures, 0);
    svc.script("F");
    assert_eq!(svc.state(), Closed, "the failures of before are forgotten");
    assert_eq!(
        *events.lock().unwrap(),
        [
            "closed>open consecutive_failures",
            "open>half_open recovery_time_elapsed",
            "half_open>closed probes_succeeded"
        ]
    );
}

#[test]
fn failed_probe_opens_with_a_fresh_deadline() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.script("F");
    svc.pass(MINUTE + 10 * SECOND);
    svc.script("F");
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().remaining),
        (Open, Some(MINUTE))
    );
    svc.pass(MINUTE);
    svc.script("S");
    assert_eq!(svc.state(), Closed);
}

#[test]
fn one_failure_among_the_probes_is_enough() {
    let svc = bench(|b| b.failure_threshold(2).success_threshold(3));
    svc.script("FF");
    svc.pass(MINUTE);
    svc.script("SS");
    assert_eq!(svc.state(), HalfOpen);
    svc.script("F");
    assert_eq!(svc.state(), Open);
}

#[test]
fn success_threshold_closes_the_circuit() {
    let svc = bench(|b| b.failure_threshold(1).success_threshold(3));
    svc.script("F");
    svc.pass(MINUTE);
    svc.script("SS");
    assert_eq!(svc.state(), HalfOpen);
    svc.script("S");
    assert_eq!(svc.state(), Closed);
}

#[test]
fn ignored_probe_gives_its_slot_back_and_decides_nothing() {
    let svc = bench(|b| b.failure_threshold(1).half_open_max_calls(1));
    svc.script("F");
    svc.pass(MINUTE);
    svc.script("IIII");
    assert_eq!(svc.state(), HalfOpen);
    svc.script("S");
    assert_eq!(svc.state(), Closed);
}

#[test]
fn dropped_probe_gives_its_slot_back() {
    let svc = bench(|b| b.failure_threshold(1).half_open_max_calls(1));
    svc.script("F");
    svc.pass(MINUTE);
    for _ in 0..100 {
        svc.script("D");
    }
    assert_eq!(svc.state(), HalfOpen);
    svc.script("S");
    assert_eq!(svc.state(), Closed);
}

#[test]
fn call_begun_while_closed_does_not_count_in_half_open() {
    let svc = bench(|b| {
        b.failure_threshold(1)
            .half_open_max_calls(2)
            .success_threshold(2)
    });
    let old: Vec<_> = (0..4).map(|_| svc.breaker.try_acquire().unwrap()).collect();
    svc.script("F");
    svc.pass(MINUTE);
    let probe = svc.breaker.try_acquire().unwrap();
    let before = svc.breaker.snapshot();
    for (i, permit) in old.into_iter().enumerate() {
        match i {
            0 => permit.success(),
            1 => permit.failure(),
            2 => permit.ignore(),
            _ => drop(permit),
        }
        let (counts, state) = (svc.breaker.snapshot().counts, svc.state());
        assert_eq!(
            (counts, state),
            (before.counts, HalfOpen),
            "stale verdict {i}"
        );
        assert!(svc.breaker.snapshot().generation == before.generation);
    }
    probe.success();
    assert_eq!(svc.state(), HalfOpen, "one of two");
}

#[test]
fn hung_probes_do_not_keep_the_circuit_half_open_for_ever() {
    let svc = bench(|b| {
        b.failure_threshold(1)
            .half_open_timeout(10 * SECOND)
            .recovery_backoff(2.0)
    });
    svc.script("F");
    svc.pass(MINUTE);
    let hung: Vec<_> = (0..2).map(|_| svc.breaker.try_acquire().unwrap()).collect();
    svc.pass(10 * SECOND);
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().remaining),
        (Open, Some(2 * MINUTE)),
        "a hang is a failed recovery"
    );
    assert!(svc.is_rejecting());
    svc.pass(2 * MINUTE);
    svc.script("S");
    assert_eq!(svc.state(), Closed);
    hung.into_iter()
        .for_each(gardefou::breaker::Permit::failure);
    assert_eq!(svc.state(), Closed, "their verdicts came too late");
}

#[test]
fn verdict_after_the_half_open_time_changes_nothing() {
    let svc = bench(|b| b.failure_threshold(1).half_open_timeout(10 * SECOND));
    svc.script("F");
    svc.pass(MINUTE);
    let probe = svc.breaker.try_acquire().unwrap();
    svc.pass(10 * SECOND);
    probe.success();
    assert_eq!(svc.state(), Open);
}

#[test]
fn permanent_answers_close_the_circuit_when_the_half_open_time_is_over() {
    let svc = bench(|b| b.failure_threshold(1).recovery_backoff(2.0));
    let (_subscription, events) = listen(&svc.breaker);
    svc.script("F");
    svc.pass(MINUTE);
    let not_found = || {
        Err::<(), _>(AppError::new(
            ErrorCode::FILE_NOT_FOUND_ERROR,
            "no such order",
        ))
    };
    for second in 0..60 {
        assert!(
            svc.breaker
                .call(not_found)
                .unwrap_err()
                .is(ErrorCode::FILE_NOT_FOUND_ERROR),
            "{second}"
        );
        assert_eq!(
            svc.state(),
            HalfOpen,
            "it neither closes nor reopens at once"
        );
        svc.pass(SECOND);
    }
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().remaining),
        (Closed, None),
        "time alone does it"
    );
    assert!(svc.breaker.call(not_found).is_err());
    assert_eq!(
        events.lock().unwrap().last().map(String::as_str),
        Some("half_open>closed probes_answered")
    );
    assert_eq!(svc.breaker.snapshot().failed_recoveries, 0);
}

#[test]
fn refused_half_open_emits_the_end_of_the_half_open_time() {
    let svc = bench(|b| b.failure_threshold(1));
    let (_subscription, events) = listen(&svc.breaker);
    svc.script("F");
    svc.pass(MINUTE);
    svc.script("A");
    svc.pass(2 * MINUTE);
    assert!(
        svc.breaker.half_open().is_err(),
        "time has closed the circuit"
    );
    assert_eq!(
        events.lock().unwrap().last().map(String::as_str),
        Some("half_open>closed probes_answered")
    );
}

#[test]
fn six_hours_of_permanent_answers_reject_no_call() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.script("F");
    svc.pass(MINUTE);
    let before = svc.breaker.snapshot().counts.rejected;
    for _ in 0..6 * 3600 * 5 {
        svc.script("A");
        svc.pass(SECOND / 5);
    }
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().counts.rejected),
        (Closed, before)
    );
}

#[test]
fn probes_that_show_nothing_keep_the_circuit_half_open_and_admitting() {
    for letter in ["I", "D"] {
        let svc = bench(|b| b.failure_threshold(1));
        let (_subscription, events) = listen(&svc.breaker);
        svc.script("F");
        svc.pass(MINUTE);
        for _ in 0..600 {
            svc.script(letter);
            svc.pass(SECOND);
        }
        assert_eq!(svc.state(), HalfOpen, "{letter}");
        assert_eq!(
            events.lock().unwrap().len(),
            2,
            "{letter}: opened once, half-open once"
        );
        svc.script("S");
        assert_eq!(svc.state(), Closed, "{letter}");
    }
}

#[test]
fn half_open_time_without_calls_changes_nothing() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.script("F");
    svc.pass(MINUTE);
    svc.script("I");
    svc.pass(100 * MINUTE);
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().remaining),
        (HalfOpen, Some(Duration::ZERO))
    );
    svc.script("A");
    svc.pass(MINUTE - SECOND);
    assert_eq!(
        svc.state(),
        HalfOpen,
        "the limit begins with the next probe"
    );
    svc.pass(SECOND);
    assert_eq!(svc.state(), Closed);
}

#[test]
fn probe_that_hangs_reopens_whatever_others_answered() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.script("F");
    svc.pass(MINUTE);
    let hung = svc.breaker.try_acquire().unwrap();
    svc.script("AAA");
    svc.pass(MINUTE);
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().failed_recoveries),
        (Open, 0),
        "the change comes with a call"
    );
    assert!(svc.is_rejecting());
    assert_eq!(svc.breaker.snapshot().failed_recoveries, 1);
    drop(hung);
    assert_eq!(svc.state(), Open);
}

#[test]
fn failed_probe_reopens_whatever_others_answered() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.script("F");
    svc.pass(MINUTE);
    svc.script("AAF");
    assert_eq!(svc.state(), Open);
}

#[test]
fn probe_that_began_shortly_before_the_limit_does_not_hang() {
    let svc = bench(|b| b.failure_threshold(1).half_open_max_calls(1));
    svc.script("F");
    svc.pass(MINUTE);
    // A busy callee that answers each request after 700 ms by a permanent error: the one slot is
    // always taken.
    let mut probe = svc.breaker.try_acquire().unwrap();
    let begin = svc.clock.now();
    while svc.state() == HalfOpen {
        assert!(svc.clock.now().since(begin) < 2 * MINUTE);
        svc.pass(Duration::from_millis(700));
        probe.record(Verdict::Answered);
        probe = svc.breaker.try_acquire().unwrap();
    }
    assert_eq!(svc.state(), Closed);
}

#[test]
fn probe_that_began_late_has_until_the_next_limit() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.script("F");
    svc.pass(MINUTE);
    svc.script("I");
    svc.pass(MINUTE - SECOND);
    let late = svc.breaker.try_acquire().unwrap();
    svc.pass(SECOND);
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().remaining),
        (HalfOpen, Some(MINUTE))
    );
    svc.pass(MINUTE);
    assert_eq!(svc.state(), Open);
    late.success();
    assert_eq!(svc.state(), Open);
}

#[test]
fn rare_calls_still_close_the_circuit() {
    // Probes that are rarer than the half-open time: a peer's breaker never closes then.
    let svc = bench(|b| {
        b.failure_threshold(1)
            .success_threshold(3)
            .half_open_timeout(SECOND)
    });
    svc.script("F");
    let mut calls = 0;
    while svc.state() != Closed {
        svc.pass(2 * MINUTE);
        svc.script("S");
        calls += 1;
        assert!(calls < 10);
    }
    assert_eq!(calls, 3);
}

#[test]
fn concurrent_callers_get_exactly_the_slots() {
    let svc = bench(|b| b.failure_threshold(1).half_open_max_calls(3));
    svc.script("F");
    svc.pass(MINUTE);
    let barrier = std::sync::Barrier::new(32);
    let permits: Vec<_> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..32)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    svc.breaker.try_acquire().ok()
                })
            })
            .collect();
        callers
            .into_iter()
            .filter_map(|caller| caller.join().unwrap())
            .collect()
    });
    assert_eq!(permits.len(), 3);
}

#[test]
fn abandoned_probe_gives_its_slot_back_and_is_a_failed_one() {
    let svc = bench(|b| b.failure_threshold(1).half_open_max_calls(1));
    svc.script("F");
    svc.pass(MINUTE);
    let hung = svc.breaker.try_acquire().unwrap();
    assert!(svc.is_rejecting(), "the one slot is taken");
    svc.pass(10 * SECOND);
    drop(hung);
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().counts.abandoned),
        (Open, 1)
    );
    svc.pass(MINUTE);
    svc.script("S");
    assert_eq!(svc.state(), Closed, "no slot is lost");
}

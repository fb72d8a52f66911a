//! Rules: when they are on, which calls they choose, and what is refused.

use gardefou::{AppError, breaker::CircuitBreaker, chaos, testing::Scope, timeout::Timeout};
use std::{sync::Barrier, thread, time::Duration};

fn timeout(name: &'static str) -> Timeout {
    let builder = Timeout::builder(name).limit(Duration::from_secs(1));
    builder.build().unwrap()
}

fn fails(timeout: &Timeout) -> bool {
    timeout.call(|| Ok::<_, AppError>(())).is_err()
}

/// The share of threads in the calls is whatever the scheduler makes it; the sum never differs.
#[test]
fn threads_together_get_exactly_the_faults_of_the_first_calls() {
    const CALLS: usize = 10_000;
    const THREADS: usize = 8;
    let timeout = timeout("shared");
    let alone = {
        let rule = chaos::inject("shared").error(0.1).seed(7).start().unwrap();
        let failed = (0..CALLS).filter(|_| fails(&timeout)).count();
        assert_eq!(rule.status().injected.errors, failed as u64);
        failed
    };
    assert!(alone.abs_diff(CALLS / 10) < 200, "{alone}");
    for _ in 0..3 {
        let rule = chaos::inject("shared").error(0.1).seed(7).start().unwrap();
        let barrier = Barrier::new(THREADS);
        let failed: usize = thread::scope(|threads| {
            let all: Vec<_> = (0..THREADS)
                .map(|_| {
                    threads.spawn(|| {
                        barrier.wait();
                        (0..CALLS / THREADS).filter(|_| fails(&timeout)).count()
                    })
                })
                .collect();
            all.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        let status = rule.status();
        assert_eq!((failed, status.calls), (alone, CALLS as u64));
        assert_eq!(status.injected.errors, alone as u64);
    }
}

#[test]
fn equal_seeds_choose_equal_calls() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let timeout = timeout("seeded");
    let run = |seed| -> Vec<bool> {
        let _rule = chaos::inject("seeded")
            .error(0.3)
            .seed(seed)
            .start()
            .unwrap();
        (0..500).map(|_| fails(&timeout)).collect()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn random_seed_is_shown_and_repeats_the_faults() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let timeout = timeout("random");
    let run = |rule: chaos::Injection| -> (u64, Vec<bool>) {
        let rule = rule.start().unwrap();
        let failed = (0..200).map(|_| fails(&timeout)).collect();
        (rule.status().seed, failed)
    };
    let rule = chaos::inject("random").error(0.5);
    let (seed, failed) = run(rule.clone());
    assert_eq!(run(rule.clone().seed(seed)).1, failed);
    assert_ne!(run(rule.clone()).0, run(rule).0);
}

#[test]
fn rules_of_one_name_are_asked_in_order_and_at_most_one_injects() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let timeout = timeout("two");
    let first = chaos::inject("two").error(0.5).seed(1).start().unwrap();
    let second = chaos::inject("two").error(1.0).start().unwrap();
    assert!((0..100).all(|_| fails(&timeout)));
    let (first, second) = (first.status(), second.status());
    assert_eq!(
        (first.calls, second.calls),
        (100, 100 - first.injected.errors)
    );
    assert_eq!(first.injected.errors + second.injected.errors, 100);
}

#[test]
fn rule_ends_with_its_guard_or_with_all_others() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let timeout = timeout("ends");
    let rule = chaos::inject("ends").error(1.0).start().unwrap();
    assert!(fails(&timeout));
    drop(rule);
    assert!(!fails(&timeout));
    chaos::inject("ends").error(1.0).start().unwrap().forever();
    let kept = chaos::inject("ends").error(1.0).start().unwrap();
    assert!(fails(&timeout));
    assert_eq!(chaos::active().len(), 2);
    chaos::stop_all();
    assert!(!fails(&timeout) && chaos::active().is_empty());
    let next = chaos::inject("ends").error(1.0).start().unwrap();
    drop(kept);
    assert!(
        fails(&timeout),
        "the end of a rule that is over ends no other"
    );
    assert_eq!(chaos::active(), [next.status()]);
}

#[test]
fn rules_of_a_scope_and_of_the_process_do_not_meet() {
    let breaker = CircuitBreaker::builder("scoped").build().unwrap();
    let call = || breaker.call(|| Ok::<_, AppError>(())).is_ok();
    let scope = Scope::new();
    let inside = scope.run(|| chaos::inject("scoped").error(1.0).start().unwrap());
    assert!(call() && !scope.run(call));
    let outside = chaos::inject("scoped").error(1.0).start().unwrap();
    drop(inside);
    assert!(!call() && scope.run(call));
    scope.run(chaos::stop_all);
    assert!(!call());
    drop(outside);
    assert!(call());
}

/// Otherwise each later call of the process would look for rules for ever.
#[test]
fn rule_that_outlives_its_scope_ends_with_it() {
    let scope = Scope::new();
    let rule = scope.run(|| chaos::inject("outlives").error(1.0).start().unwrap());
    scope.run(|| {
        chaos::inject("outlives")
            .error(1.0)
            .start()
            .unwrap()
            .forever();
    });
    drop(scope);
    drop(rule);
    let timeout = timeout("outlives");
    assert!(!fails(&timeout));
}

#[test]
fn every_problem_of_a_rule_is_reported_at_once() {
    let problems = |rule: chaos::Injection| -> Vec<(&str, String)> {
        let err = rule.start().unwrap_err();
        err.problems()
            .map(|problem| (problem.field, problem.value.clone()))
            .collect()
    };
    let rule = chaos::inject("\n").error(-0.1).latency(1.5, Duration::ZERO);
    let found = problems(rule.hang(f64::NAN).panic(f64::INFINITY));
    let fields: Vec<_> = found.iter().map(|(field, _)| *field).collect();
    assert_eq!(fields, ["name", "error", "latency", "hang", "panic"]);
    let found = problems(chaos::inject("sum").error(0.5).hang(0.3).panic(0.3));
    assert_eq!(found, [("shares", "1.1".to_owned())]);
    assert_eq!(problems(chaos::inject("none"))[0].0, "faults");
    assert_eq!(
        problems(chaos::inject("x".repeat(129)).hang(1.0))[0].0,
        "name"
    );
    let tenths = (0..10).fold(chaos::inject("tenths"), |rule, _| rule.error(0.1));
    assert!(tenths.start().is_ok());
}

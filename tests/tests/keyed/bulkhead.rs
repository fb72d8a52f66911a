//! Bulkheads by key.

use crate::support::IDLE;
use gardefou::{
    AppError, ErrorCode, bulkhead,
    bulkhead::{Bulkhead, BulkheadBuilder, bulkheads},
    guarded_functions,
    keyed::Keyed,
    testing::Scope,
    time::{Clock, ManualClock, Tick},
};
use gardefou_tests::testkit::{
    log::{capture, ours},
    poll::{poll_once, ready},
};
use std::{
    pin::pin,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};
use tracing::Level;

#[bulkhead(name = "exports-of", max_concurrent = 1, key = tenant, max_keys = 3)]
fn export(tenant: String, inside: impl FnOnce()) -> Result<String, AppError> {
    inside();
    // The key moved nothing.
    Ok(tenant)
}

#[bulkhead(name = "exports-of", max_concurrent = 1, key = format!("t{n}"), max_keys = 3)]
async fn export_later(n: u32) -> Result<u32, AppError> {
    tokio::task::yield_now().await;
    Ok(n)
}

#[bulkhead(max_concurrent = 1, key = tenant)]
fn unnamed(tenant: &str, inside: impl FnOnce()) -> Result<usize, AppError> {
    inside();
    Ok(tenant.len())
}

fn export_of(tenant: &str) -> Result<String, AppError> {
    export(tenant.into(), || {})
}

#[test]
fn each_key_has_slots_of_its_own_and_two_functions_share_them_by_name() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let inside = || {
        let rejected = export_of("t1").unwrap_err();
        assert!(rejected.is(ErrorCode::CONCURRENCY_LIMIT_ERROR));
        assert!(
            rejected.to_string().contains("exports-of[t1]"),
            "{rejected}"
        );
        assert!(ready(export_later(1)).is_err(), "the same slots");
        assert_eq!(export_of("t2").unwrap(), "t2");
    };
    export("t1".into(), inside).unwrap();
    assert_eq!(export_of("t1").unwrap(), "t1");
    let keyed = bulkheads().get_keyed("exports-of").unwrap();
    assert_eq!(
        (keyed.keys(), keyed.max_keys()),
        (vec!["t1".into(), "t2".into()], 3)
    );
    let names: Vec<_> = bulkheads()
        .snapshots()
        .into_iter()
        .map(|s| s.name)
        .collect();
    assert_eq!(names, ["exports-of[t1]", "exports-of[t2]"]);
    assert_eq!(
        bulkheads()
            .get("exports-of[t2]")
            .unwrap()
            .snapshot()
            .admitted,
        1
    );
    assert!(bulkheads().get("exports-of[t3]").is_none() && bulkheads().get("exports-of").is_none());
    // Further keys share one bulkhead.
    export_of("t3").unwrap();
    let inside = || {
        assert!(export_of("t5").is_err(), "the slot of all further keys");
        export_of("t3").unwrap();
    };
    export("t4".into(), inside).unwrap();
    assert_eq!(
        bulkheads()
            .get("exports-of[_OTHER]")
            .unwrap()
            .snapshot()
            .admitted,
        1
    );
}

#[test]
fn scope_has_bulkheads_of_its_own() {
    let first = Scope::new();
    let _entered = first.enter();
    let inside = || {
        let second = Scope::new();
        let _entered = second.enter();
        export_of("t1").unwrap();
        unnamed("t1", || {}).unwrap();
    };
    let outer = || assert_eq!(unnamed("t1", inside).unwrap(), 2);
    export("t1".into(), outer).unwrap();
}

#[test]
fn function_without_a_name_has_keys_of_its_own() {
    let inside = || {
        let rejected = unnamed("a", || {}).unwrap_err();
        assert!(rejected.to_string().contains("unnamed[a]"), "{rejected}");
        unnamed("b", || {}).unwrap();
    };
    unnamed("a", inside).unwrap();
    assert!(bulkheads().get_keyed("unnamed").is_none());
}

fn keyed(
    configure: impl FnOnce(BulkheadBuilder) -> BulkheadBuilder,
) -> (ManualClock, Keyed<Bulkhead>) {
    let clock = ManualClock::new();
    let builder = Bulkhead::builder("svc").clock(clock.clone());
    (clock, configure(builder).build_keyed().unwrap())
}

#[test]
fn evicted_is_what_no_call_runs_in_or_waits_for() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let mut running = Box::pin(export_later(1));
    assert!(poll_once(running.as_mut()).is_pending());
    export_of("t2").unwrap();
    scope.clock().advance(IDLE);
    let keyed = bulkheads().get_keyed("exports-of").unwrap();
    assert_eq!(
        (keyed.evict_idle(), keyed.keys()),
        (1, vec!["t1".to_owned()])
    );
    drop(running);
    assert_eq!(
        (keyed.evict_idle(), keyed.len()),
        (1, 0),
        "dropped half-way"
    );
}

/// A clock on which a wait waits.
#[derive(Debug)]
struct ByHand(ManualClock);

impl Clock for ByHand {
    fn now(&self) -> Tick {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) {
        self.0.sleep(duration);
    }
}

#[test]
fn waiting_call_and_permit_keep_their_bulkhead() {
    let clock = ManualClock::new();
    let hour = Duration::from_secs(3600);
    let keyed = Bulkhead::builder("svc")
        .max_concurrent(1)
        .max_wait(hour)
        .clock(ByHand(clock.clone()))
        .build_keyed()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.unwrap();
    let _entered = runtime.enter();
    let permit = keyed.get("a").try_acquire().unwrap();
    clock.advance(IDLE);
    assert_eq!(keyed.evict_idle(), 0, "a permit");
    let waits = async {
        let bulkhead = keyed.get("a");
        bulkhead.acquire_async().await.map(drop)
    };
    let mut waits = pin!(waits);
    assert!(poll_once(waits.as_mut()).is_pending());
    clock.advance(IDLE);
    assert_eq!(keyed.evict_idle(), 0, "a waiting call");
    drop(permit);
    assert!(poll_once(waits.as_mut()).is_ready());
    assert_eq!(keyed.evict_idle(), 1);
}

#[test]
fn limit_that_was_set_stays_and_one_that_was_learnt_is_forgotten() {
    let (clock, keyed_fixed) = keyed(|b| b.max_concurrent(1));
    keyed_fixed.get("a").set_max_concurrent(2).unwrap();
    clock.advance(IDLE);
    assert_eq!(keyed_fixed.evict_idle(), 0);
    keyed_fixed.get("a").set_max_concurrent(1).unwrap();
    clock.advance(IDLE);
    assert_eq!(keyed_fixed.evict_idle(), 1);

    let (clock, learning) = keyed(|b| b.adaptive(true).max_concurrent(10));
    learning.get("a").try_acquire().unwrap().failure();
    assert_eq!(learning.get("a").snapshot().limit, 9);
    clock.advance(IDLE);
    assert_eq!(learning.evict_idle(), 1);
    assert_eq!(learning.get("a").snapshot().limit, 10);
}

#[test]
fn no_key_runs_more_calls_than_its_limit_while_others_evict() {
    const KEYS: u32 = 5;
    let (clock, keyed) = keyed(|b| b.max_concurrent(1).max_keys(3));
    let running: [AtomicU32; KEYS as usize] = Default::default();
    let ran = AtomicU32::new(0);
    thread::scope(|scope| {
        for thread in 0..4 {
            let (keyed, clock, running, ran) = (&keyed, &clock, &running, &ran);
            scope.spawn(move || {
                for n in 0..20_000_u32 {
                    if thread == 0 {
                        clock.advance(IDLE);
                        keyed.evict_idle();
                    }
                    let key = n % KEYS;
                    let bulkhead = keyed.get(&key);
                    if !bulkhead.name().ends_with(&format!("[{key}]")) {
                        continue; // the shared one
                    }
                    let body = || {
                        let others = running[key as usize].fetch_add(1, Ordering::SeqCst);
                        assert_eq!(others, 0, "two calls of key {key}");
                        ran.fetch_add(1, Ordering::Relaxed);
                        // Now and then: on a busy machine it takes milliseconds.
                        if n.is_multiple_of(16) {
                            thread::yield_now();
                        }
                        running[key as usize].fetch_sub(1, Ordering::SeqCst);
                        Ok::<_, AppError>(())
                    };
                    let _ = bulkhead.call(body);
                }
            });
        }
    });
    assert!(keyed.evicted() > 100 && ran.into_inner() > 100, "{keyed:?}");
}

#[test]
fn two_configurations_of_one_name_are_one_warning_and_the_first_holds() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let (seen, made) = (Mutex::new(Vec::new()), |limit, keys| {
        let builder = Bulkhead::builder("clash")
            .max_concurrent(limit)
            .max_keys(keys);
        builder.build_shared_keyed().unwrap()
    });
    let ((), lines) = capture(ours(Level::WARN), || {
        for (limit, keys) in [(1, 5), (1, 5), (2, 5), (1, 6)] {
            let keyed = made(limit, keys);
            let config = (keyed.config().max_concurrent, keyed.max_keys());
            seen.lock().unwrap().push(config);
        }
    });
    assert_eq!(seen.into_inner().unwrap(), [(1, 5); 4]);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0].field("bulkhead"), Some("clash"));
    // The one without keys is another one.
    Bulkhead::builder("clash")
        .max_concurrent(7)
        .build_shared()
        .unwrap();
    assert_eq!(bulkheads().get("clash").unwrap().config().max_concurrent, 7);
}

#[test]
fn number_of_keys_needs_keys_and_has_a_range() {
    let builder = |keys| Bulkhead::builder("svc").max_concurrent(3).max_keys(keys);
    for keys in [0, 1_000_001] {
        let problem = builder(keys).build_keyed().unwrap_err();
        assert_eq!(problem.field(), "max_keys");
    }
    assert_eq!(
        builder(1_000_000).build_keyed().unwrap().max_keys(),
        1_000_000
    );
    assert_eq!(
        Bulkhead::builder("svc").build_keyed().unwrap().max_keys(),
        10_000
    );
    let problems = builder(0).name("").build().unwrap_err();
    let fields: Vec<_> = problems.problems().map(|problem| problem.field).collect();
    assert_eq!(fields, ["name", "max_keys", "max_keys"]);
}

#[test]
fn expression_is_in_the_list_of_guarded_functions() {
    let all = guarded_functions();
    let here = |f: &&&gardefou::guarded::GuardedFunction| f.module_path() == module_path!();
    let of = |name| all.iter().filter(here).find(|f| f.name() == name).unwrap();
    assert_eq!(of("export").key(), Some("tenant"));
    assert_eq!(of("export").bulkhead().unwrap().unwrap().max_concurrent, 1);
    assert_eq!(of("export_later").key(), Some(r#"format! ("t{n}")"#));
}

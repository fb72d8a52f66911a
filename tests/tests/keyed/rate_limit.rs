//! Rate limiters by key.

use crate::support::IDLE;
use gardefou::{
    AppError, ErrorCode, guarded_functions,
    keyed::Keyed,
    rate_limit,
    rate_limit::{RateLimiter, RateLimiterBuilder, rate_limiters},
    testing::Scope,
    time::ManualClock,
};
use gardefou_tests::testkit::{
    log::{capture, ours},
    poll::ready,
};
use std::{
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};
use tracing::Level;

#[rate_limit("1/h", name = "searches-of", key = tenant, max_keys = 3)]
fn search(tenant: String) -> Result<String, AppError> {
    // The key moved nothing.
    Ok(tenant)
}

#[rate_limit(rate = "1/h", name = "searches-of", key = format!("t{n}"), max_keys = 3)]
async fn search_later(n: u32) -> Result<u32, AppError> {
    Ok(n)
}

#[rate_limit("1/h", key = tenant)]
fn unnamed(tenant: &str) -> Result<usize, AppError> {
    Ok(tenant.len())
}

#[test]
fn each_key_has_permits_of_its_own_and_two_functions_share_them_by_name() {
    let scope = Scope::new();
    let _entered = scope.enter();
    assert_eq!(search("t1".into()).unwrap(), "t1");
    let rejected = search("t1".into()).unwrap_err();
    assert!(rejected.is(ErrorCode::RATE_LIMIT_ERROR));
    assert!(
        rejected.to_string().contains("searches-of[t1]"),
        "{rejected}"
    );
    assert!(ready(search_later(1)).is_err(), "the same permits");
    assert_eq!(ready(search_later(2)).unwrap(), 2);
    let keyed = rate_limiters().get_keyed("searches-of").unwrap();
    assert_eq!(
        (keyed.keys(), keyed.max_keys()),
        (vec!["t1".into(), "t2".into()], 3)
    );
    let seen: Vec<_> = rate_limiters()
        .snapshots()
        .into_iter()
        .map(|seen| (seen.name, seen.admitted, seen.rejected))
        .collect();
    assert_eq!(
        seen,
        [
            ("searches-of[t1]".into(), 1, 2),
            ("searches-of[t2]".into(), 1, 0)
        ]
    );
    assert!(rate_limiters().get("searches-of").is_none());
    // Further keys share one limiter.
    search("t3".into()).unwrap();
    search("t4".into()).unwrap();
    let rejected = search("t5".into()).unwrap_err();
    assert!(
        rejected.to_string().contains("searches-of[_OTHER]"),
        "{rejected}"
    );
    assert!(rate_limiters().get("searches-of[_OTHER]").is_some());
    // By the clock of the scope they come back.
    scope.clock().advance(Duration::from_secs(3600));
    search("t1".into()).unwrap();
}

#[test]
fn scope_and_function_without_a_name_have_limiters_of_their_own() {
    unnamed("a").unwrap();
    assert!(unnamed("a").unwrap_err().to_string().contains("unnamed[a]"));
    unnamed("b").unwrap();
    for _ in 0..2 {
        let scope = Scope::new();
        let _entered = scope.enter();
        unnamed("a").unwrap();
        search("a".into()).unwrap();
        assert!(unnamed("a").is_err() && search("a".into()).is_err());
        assert!(rate_limiters().get_keyed("unnamed").is_none());
    }
}

fn keyed(
    configure: impl FnOnce(RateLimiterBuilder) -> RateLimiterBuilder,
) -> (ManualClock, Keyed<RateLimiter>) {
    let clock = ManualClock::new();
    let builder = RateLimiter::builder("svc").clock(clock.clone());
    (clock, configure(builder).build_keyed().unwrap())
}

#[test]
fn evicted_is_what_is_full_again() {
    let (clock, keyed) = keyed(|b| b.rate("2/h"));
    keyed.get("a").try_acquire_n(2).unwrap();
    keyed.get("b").try_acquire().unwrap();
    let _ = keyed.get("c");
    let half_an_hour = Duration::from_secs(1800);
    for (advanced, evicted, left) in [
        (IDLE, 1, vec!["a", "b"]),
        (
            half_an_hour - IDLE - Duration::from_nanos(1),
            0,
            vec!["a", "b"],
        ),
        (Duration::from_nanos(1), 1, vec!["a"]),
        (half_an_hour - Duration::from_nanos(1), 0, vec!["a"]),
        (Duration::from_nanos(1), 1, vec![]),
    ] {
        clock.advance(advanced);
        assert_eq!(
            (keyed.evict_idle(), keyed.keys()),
            (evicted, left.into_iter().map(str::to_owned).collect())
        );
    }
}

#[test]
fn reservation_handle_and_rate_that_was_set_keep_their_limiter() {
    let (clock, keyed) = keyed(|b| b.rate("1/m"));
    let reservation = keyed.get("a").reserve(1, Duration::ZERO).unwrap();
    let handle = keyed.get("b");
    keyed.get("c").set_rate("2/m").unwrap();
    clock.advance(IDLE);
    assert_eq!(keyed.evict_idle(), 0);
    reservation.cancel();
    assert_eq!(
        (keyed.evict_idle(), keyed.keys()),
        (1, vec!["b".into(), "c".into()])
    );
    drop(handle);
    assert_eq!(
        (keyed.evict_idle(), keyed.keys()),
        (1, vec!["c".to_owned()])
    );
    keyed.get("c").set_rate("1/m").unwrap();
    clock.advance(IDLE);
    assert_eq!(keyed.evict_idle(), 1);
}

#[test]
fn no_key_gets_more_than_its_burst_while_others_evict() {
    const KEYS: u32 = 4;
    const BURST: u32 = 3;
    // All searches for idle limiters together take less than the time of one permit.
    const SEARCHES: u32 = 100;
    assert!(IDLE * SEARCHES < Duration::from_secs(24 * 3600));
    let (clock, keyed) = keyed(|b| b.rate("1/d").burst(BURST));
    let admitted: [AtomicU32; KEYS as usize] = Default::default();
    thread::scope(|scope| {
        for thread in 0..4 {
            let (keyed, clock, admitted) = (&keyed, &clock, &admitted);
            scope.spawn(move || {
                for n in 0..KEYS * SEARCHES {
                    let key = n % KEYS;
                    if thread == 0 && key == 0 {
                        let _ = keyed.get(&format!("unused {n}"));
                        clock.advance(IDLE);
                        keyed.evict_idle();
                    }
                    if keyed.get(&key).try_acquire().is_ok() {
                        admitted[key as usize].fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(admitted.map(AtomicU32::into_inner), [BURST; KEYS as usize]);
    assert_eq!(
        keyed.evicted(),
        u64::from(SEARCHES),
        "those that were never used"
    );
}

#[test]
fn two_configurations_of_one_name_are_one_warning_and_the_first_holds() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let made = |rate: &str, keys| {
        let builder = RateLimiter::builder("clash").rate(rate).max_keys(keys);
        builder.build_shared_keyed().unwrap()
    };
    let ((), lines) = capture(ours(Level::WARN), || {
        for (rate, keys) in [("1/h", 5), ("1/h", 5), ("2/h", 5), ("1/h", 6)] {
            let keyed = made(rate, keys);
            assert_eq!((keyed.config().burst, keyed.max_keys()), (1, 5));
        }
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0].field("limiter"), Some("clash"));
    // The one without keys is another one.
    RateLimiter::builder("clash")
        .rate("7/h")
        .build_shared()
        .unwrap();
    assert_eq!(rate_limiters().get("clash").unwrap().config().burst, 7);
}

#[test]
fn number_of_keys_needs_keys_and_has_a_range() {
    let builder = |keys| RateLimiter::builder("svc").rate("1/s").max_keys(keys);
    for keys in [0, 1_000_001] {
        let problem = builder(keys).build_keyed().unwrap_err();
        assert_eq!(problem.field(), "max_keys");
    }
    assert_eq!(
        builder(1_000_000).build_keyed().unwrap().max_keys(),
        1_000_000
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
    assert_eq!(of("search").key(), Some("tenant"));
    assert_eq!(of("search").rate_limit().unwrap().unwrap().burst, 1);
    assert_eq!(of("search_later").key(), Some(r#"format! ("t{n}")"#));
}

//! What holds for every guard: errors untouched, nothing runs when rejected, borrows, parity.

use gardefou::{
    AppError, ErrorCode, Rejection,
    breaker::CircuitBreaker,
    rate_limit::{Rate, RateLimiter},
    time::ManualClock,
};
use gardefou_tests::testkit::poll::ready;
use std::{panic, time::Duration};

#[derive(Debug)]
enum Error {
    Rejected(#[expect(dead_code, reason = "kept to be dropped")] Rejection),
    Own(Box<str>),
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

fn limiter(rate: Rate) -> RateLimiter {
    let builder = RateLimiter::builder("laws")
        .rate(rate)
        .clock(ManualClock::new());
    builder.build().unwrap()
}

#[test]
fn errors_of_the_function_pass_through_untouched() {
    let limiter = limiter(Rate::per_second(2));
    let own: Box<str> = "no such row".into();
    let address = own.as_ptr();
    match limiter.call(|| Err::<(), _>(Error::Own(own))) {
        Err(Error::Own(text)) => assert_eq!(text.as_ptr(), address),
        other => panic!("{other:?}"),
    }
    let failed = limiter.run(|| Err::<(), _>("own")).unwrap();
    assert_eq!(failed, Err("own"));
}

#[test]
fn nothing_runs_when_rejected() {
    let limiter = limiter(Rate::per_second(1));
    limiter.try_acquire().unwrap();
    let never = || -> Result<(), Error> { panic!("it ran") };
    assert!(matches!(limiter.call(never), Err(Error::Rejected(_))));
    assert!(limiter.run(never).is_err());
    let later =
        limiter.call_async(|| -> std::future::Ready<Result<(), Error>> { panic!("it was made") });
    assert!(matches!(ready(later), Err(Error::Rejected(_))));
    assert!(ready(limiter.run_async(async { panic!("it was polled") })).is_err());
    assert_eq!(limiter.snapshot().rejected, 4);
}

#[test]
fn operations_may_borrow() {
    let limiter = limiter(Rate::per_second(9));
    let (mut count, text) = (0, String::from("borrowed"));
    limiter
        .call(|| {
            count += text.len();
            Ok::<_, Error>(())
        })
        .unwrap();
    ready(limiter.call_async(|| async {
        count += 1;
        Ok::<_, Error>(())
    }))
    .unwrap();
    ready(limiter.run_async(async { count += 1 })).unwrap();
    assert_eq!(count, 10);
}

#[test]
fn panic_passes_through_and_its_permit_is_used() {
    let limiter = limiter(Rate::per_second(1));
    let call = || limiter.call(|| -> Result<(), Error> { panic!("own") });
    let panicked = panic::catch_unwind(panic::AssertUnwindSafe(call)).unwrap_err();
    assert_eq!(panicked.downcast_ref(), Some(&"own"));
    assert_eq!(limiter.snapshot().available, 0);
}

/// The four entry points admit and reject the same requests.
#[test]
fn sync_and_async_forms_agree() {
    let script = [0, 0, 0, 1, 1, 3, 0, 0, 7, 0, 0, 0, 0];
    let run = |call: &dyn Fn(&RateLimiter) -> bool| {
        let clock = ManualClock::new();
        let limiter = RateLimiter::builder("parity")
            .rate("3/s")
            .clock(clock.clone());
        let limiter = limiter
            .max_wait(Duration::from_millis(100))
            .build()
            .unwrap();
        script.map(|thirds| {
            clock.advance(Duration::from_nanos(333_333_334) * thirds);
            call(&limiter)
        })
    };
    let sync = run(&|limiter| limiter.call(|| Ok::<_, Error>(())).is_ok());
    assert!(sync.contains(&true) && sync.contains(&false));
    assert_eq!(run(&|limiter| limiter.run(|| ()).is_ok()), sync);
    assert_eq!(run(&|limiter| limiter.acquire().is_ok()), sync);
    assert_eq!(
        run(&|limiter| ready(limiter.call_async(|| async { Ok::<_, Error>(()) })).is_ok()),
        sync
    );
    assert_eq!(
        run(&|limiter| ready(limiter.run_async(async {})).is_ok()),
        sync
    );
    assert_eq!(run(&|limiter| ready(limiter.acquire_async()).is_ok()), sync);
}

#[test]
fn rejection_is_neutral_to_a_breaker_around() {
    let limiter = limiter(Rate::per_second(1));
    let builder = CircuitBreaker::builder("around").failure_threshold(1);
    let breaker = builder.clock(ManualClock::new()).build().unwrap();
    let call = || breaker.call(|| limiter.call(|| Ok::<_, AppError>(())));
    assert!(call().is_ok());
    for _ in 0..3 {
        assert!(call().unwrap_err().is(ErrorCode::RATE_LIMIT_ERROR));
    }
    assert_eq!(breaker.snapshot().counts.failure, 0);
}

#[test]
fn handles_and_futures_can_go_to_other_threads() {
    fn check<T: Send + Sync>(_: &T) {}
    fn send<T: Send>(_: &T) {}
    let limiter = limiter(Rate::per_second(1));
    check(&limiter);
    send(&limiter.acquire_async());
    send(&limiter.call_async(|| async { Ok::<_, AppError>(()) }));
    send(&limiter.run_async(async {}));
    send(&limiter.reserve(1, Duration::ZERO).unwrap());
}

#[test]
fn guarded_future_is_a_few_words_larger() {
    let limiter = limiter(Rate::per_second(1));
    let future = async {
        let bytes = [1u8; 1000];
        std::future::ready(()).await;
        bytes.len()
    };
    let bare = size_of_val(&future);
    let guarded = size_of_val(&limiter.run_async(future));
    // A fault that is injected waits in the future too.
    let most = if cfg!(feature = "chaos") { 120 } else { 40 };
    assert!(guarded - bare <= most, "{} bytes", guarded - bare);
}

#[test]
fn names_and_values_out_of_range_are_refused_together() {
    let err = RateLimiter::builder("a\nb")
        .rate("100 per second")
        .build()
        .unwrap_err();
    assert_eq!(
        err.to_string(),
        "`name` = \"a\\nb\": must hold printable characters only; `rate` = \"100 per second\": must be a \
         number of calls, a slash and a time, for example \"100/s\" or \"1/500ms\""
    );
    let err = RateLimiter::builder("x")
        .rate(Rate::per_second(0))
        .build()
        .unwrap_err();
    assert_eq!(err.to_string(), "`rate` = 0/s: must be at least 1 call");
}

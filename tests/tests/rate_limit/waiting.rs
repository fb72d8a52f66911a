//! Waits for permits: their order, their limits, and what a cancelled one leaves behind.

use futures::future::join_all;
use gardefou::{
    AppError, Rejection,
    call::Context,
    rate_limit::RateLimiter,
    time::{Clock, ManualClock, Tick},
    timeout::Timeout,
};
use gardefou_tests::testkit::poll::{abandon, poll_once};
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

const MS: fn(u64) -> Duration = Duration::from_millis;

fn limiter(max_wait: Duration) -> RateLimiter {
    let builder = RateLimiter::builder("waiting").rate("1/500ms");
    builder.max_wait(max_wait).build().unwrap()
}

fn manual(max_wait: Duration) -> (ManualClock, RateLimiter) {
    let clock = ManualClock::new();
    let builder = RateLimiter::builder("waiting")
        .rate("1/500ms")
        .max_wait(max_wait);
    (clock.clone(), builder.clock(clock).build().unwrap())
}

#[test]
fn blocking_calls_wait_on_the_clock() {
    let (clock, limiter) = manual(MS(500));
    let start = clock.now();
    for calls in 1..=7u64 {
        limiter.call(|| Ok::<_, AppError>(())).unwrap();
        assert_eq!(clock.now().since(start), MS(500 * (calls - 1)));
    }
    assert_eq!(limiter.snapshot().waited, 6);
}

#[tokio::test(start_paused = true)]
async fn tasks_are_served_in_their_order_and_spaced_evenly() {
    let (limiter, start) = (limiter(Duration::from_secs(60)), Instant::now());
    let turn = AtomicU32::new(0);
    let calls = (0..7u32).map(|number| {
        let (limiter, turn) = (&limiter, &turn);
        async move {
            limiter
                .call_async(|| async {
                    assert_eq!(turn.fetch_add(1, Ordering::SeqCst), number);
                    Ok::<_, AppError>(start.elapsed())
                })
                .await
                .unwrap()
        }
    });
    let times = join_all(calls).await;
    assert_eq!(times, [0, 500, 1000, 1500, 2000, 2500, 3000].map(MS));
}

#[tokio::test(start_paused = true)]
async fn wait_that_would_be_longer_is_refused_at_once_and_reserves_nothing() {
    let (limiter, start) = (limiter(MS(499)), Instant::now());
    limiter.acquire_async().await.unwrap();
    for _ in 0..3 {
        let rejection = limiter.acquire_async().await.unwrap_err();
        assert_eq!(rejection.retry_after(), Some(MS(1)), "then it may wait");
        let runs = limiter.call_async(|| async { Ok::<_, AppError>(()) }).await;
        assert_eq!(runs.unwrap_err().retry_after(), Some(MS(1)));
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(limiter.snapshot().next_permit, MS(500));
}

/// The time of the rejection is that of the same request: with a wait of up to 700 ms.
#[test]
fn time_of_a_refused_wait_is_exact() {
    let (clock, limiter) = manual(MS(700));
    let fill = || {
        let _ = limiter.reserve(1, Duration::from_secs(9)).unwrap().commit();
    };
    (0..4).for_each(|_| fill());
    let wait = limiter
        .call(|| Ok::<_, AppError>(()))
        .unwrap_err()
        .retry_after()
        .unwrap();
    assert_eq!(wait, MS(2000 - 700));
    clock.advance(wait - Duration::from_nanos(1));
    assert!(limiter.call(|| Ok::<_, AppError>(())).is_err());
    clock.advance(Duration::from_nanos(1));
    assert!(limiter.call(|| Ok::<_, AppError>(())).is_ok());
    assert_eq!(clock.now(), Tick::ZERO.after(MS(2000)));
}

#[test]
fn wait_beyond_the_deadline_is_refused_and_reserves_nothing() {
    let (clock, limiter) = manual(Duration::from_secs(60));
    limiter.acquire().unwrap();
    let timeout = |millis| {
        let builder = Timeout::builder("around").limit(MS(millis));
        builder.clock(clock.clone()).build().unwrap()
    };
    let refused = timeout(499).call(|| limiter.call(|| Ok::<_, AppError>(())));
    assert_eq!(refused.unwrap_err().retry_after(), Some(MS(1)));
    assert_eq!(clock.now(), Tick::ZERO, "at once");
    assert_eq!(limiter.snapshot().next_permit, MS(500));
    let fits = timeout(500).call(|| limiter.call(|| Ok::<_, AppError>(())));
    assert!(fits.is_ok());
    // A permit that is there needs no wait, whatever is left.
    clock.advance(MS(500));
    let passed = Context::current().with_timeout(Duration::ZERO);
    assert!(passed.run(|| limiter.acquire()).is_ok());
    assert!(passed.run(|| limiter.reserve(1, Duration::MAX)).is_err());
}

#[tokio::test(start_paused = true)]
async fn cancelled_wait_ends_at_once_and_gives_the_latest_permit_back() {
    let (limiter, start) = (limiter(Duration::from_secs(60)), Instant::now());
    limiter.acquire_async().await.unwrap();
    abandon(limiter.acquire_async());
    abandon(limiter.run_async(async {}));
    abandon(limiter.call_async(|| async { Ok::<_, AppError>(()) }));
    assert_eq!(limiter.snapshot().cancelled, 3);
    limiter.acquire_async().await.unwrap();
    assert_eq!(start.elapsed(), MS(500), "nobody waits in between");
}

#[tokio::test(start_paused = true)]
async fn cancelled_wait_in_the_middle_lets_nobody_through_twice() {
    let (limiter, start) = (limiter(Duration::from_secs(60)), Instant::now());
    limiter.acquire_async().await.unwrap();
    let mut last = pin!(limiter.acquire_async());
    {
        let mut middle = pin!(limiter.acquire_async());
        assert!(poll_once(middle.as_mut()).is_pending());
        assert!(poll_once(last.as_mut()).is_pending());
    }
    last.await.unwrap();
    assert_eq!(start.elapsed(), MS(1000), "it keeps its time");
    limiter.acquire_async().await.unwrap();
    assert_eq!(start.elapsed(), MS(1500));
}

/// Many tasks on one thread, each of which is dropped at another moment: of those that are left no
/// two are less than an interval apart.
#[tokio::test(start_paused = true)]
async fn tasks_dropped_half_way_never_raise_the_rate() {
    let (limiter, start) = (limiter(Duration::from_secs(600)), Instant::now());
    let admitted = Arc::new(std::sync::Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..200u64)
        .map(|number| {
            let (limiter, admitted) = (limiter.clone(), Arc::clone(&admitted));
            tokio::spawn(async move {
                tokio::time::sleep(MS(number * 37 % 500)).await;
                let patience = MS(1 + number * number * 7919 % 60_000);
                let admit = tokio::time::timeout(patience, limiter.acquire_async());
                if admit.await.is_ok() {
                    admitted.lock().unwrap().push(start.elapsed());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let admitted = admitted.lock().unwrap();
    let snapshot = limiter.snapshot();
    assert!(admitted.len() > 20, "{admitted:?}");
    assert!(
        snapshot.cancelled > 20 && snapshot.waiting == 0,
        "{snapshot:?}"
    );
    assert!(
        admitted.windows(2).all(|pair| pair[1] - pair[0] >= MS(500)),
        "{admitted:?}"
    );
}

/// Reservations that block threads of their own.
#[test]
fn threads_that_wait_get_the_times_that_they_were_given() {
    let (clock, limiter) = manual(Duration::from_secs(600));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    limiter.acquire().unwrap();
                }
            });
        }
    });
    // Each of the 160 but the first cost an interval; the clock is moved by those that wait.
    let snapshot = limiter.snapshot();
    assert_eq!((snapshot.admitted, snapshot.waiting), (160, 0));
    assert!(
        clock.now() >= Tick::ZERO.after(MS(500 * 159)),
        "{:?}",
        clock.now()
    );
}

#[tokio::test(start_paused = true)]
async fn future_is_polled_only_once_it_is_admitted() {
    let limiter = limiter(Duration::from_secs(60));
    limiter.acquire_async().await.unwrap();
    let polls = AtomicU32::new(0);
    let counted = || async { polls.fetch_add(1, Ordering::SeqCst) };
    let mut run = pin!(limiter.run_async(counted()));
    assert!(poll_once(run.as_mut()).is_pending());
    assert_eq!(polls.load(Ordering::SeqCst), 0);
    assert_eq!(run.await.unwrap(), 0);
    let refused: Result<u32, Rejection> = Context::current().with_timeout(MS(1)).run(|| {
        let mut run = Box::pin(limiter.run_async(counted()));
        match poll_once(run.as_mut()) {
            std::task::Poll::Ready(outcome) => outcome,
            std::task::Poll::Pending => panic!("it must be refused at once"),
        }
    });
    assert!(refused.is_err());
    assert_eq!(polls.load(Ordering::SeqCst), 1);
}

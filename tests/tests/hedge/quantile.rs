//! Delays by a quantile of the attempts of the last minute.

use crate::support::{MS, Script, transient};
use gardefou::{hedge::Hedge, time::ManualClock};
use std::time::Duration;

async fn calls(hedge: &Hedge, count: usize, ms: u32) {
    for _ in 0..count {
        let call = hedge.call_async(|| async move {
            tokio::time::sleep(MS * ms).await;
            Ok::<_, String>(())
        });
        call.await.unwrap();
    }
}

fn is_near(delay: Option<Duration>, ms: u32) -> bool {
    delay.is_some_and(|delay| delay >= MS * ms && delay <= MS * ms * 9 / 8)
}

#[tokio::test(start_paused = true)]
async fn delay_is_that_of_most_attempts() {
    let hedge = Hedge::builder("quantile")
        .quantile(0.95)
        .budget(false)
        .build()
        .unwrap();
    calls(&hedge, 95, 20).await;
    assert_eq!(hedge.delay(), None, "below a hundred attempts");
    calls(&hedge, 5, 300).await;
    assert!(is_near(hedge.delay(), 20), "{:?}", hedge.delay());
    let script = Script::new([(3000, Ok), (10, Ok)]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!(outcome.unwrap(), 1);
    assert!((30..=34).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn without_samples_only_a_failure_starts_another_attempt() {
    let hedge = Hedge::builder("unknown")
        .quantile(0.95)
        .budget(false)
        .build()
        .unwrap();
    let slow = Script::new([(100_000, Ok)]);
    assert_eq!(slow.run(&hedge).await.1, 100_000);
    let failing = Script::new([(10, |_| Err(transient())), (10, Ok)]);
    let (outcome, took) = failing.run(&hedge).await;
    assert_eq!((outcome.unwrap(), took), (1, 20));
    let both = Script::new([
        (10, |_| Err::<(), _>(transient())),
        (10, |_| Err(transient())),
    ]);
    let (outcome, took) = both.run(&hedge).await;
    assert_eq!((outcome.is_err(), took), (true, 20));
}

/// Were only the winners measured, each hedge would make the next delay shorter.
#[tokio::test(start_paused = true)]
async fn attempts_that_lost_keep_the_delay_from_shrinking() {
    let hedge = Hedge::builder("stable")
        .quantile(0.9)
        .budget(false)
        .build()
        .unwrap();
    for _ in 0..20 {
        calls(&hedge, 9, 20).await;
        let script = Script::new([(5000, Ok), (5, Ok)]);
        script.run(&hedge).await.0.unwrap();
    }
    assert!(is_near(hedge.delay(), 20), "{:?}", hedge.delay());
    assert!(hedge.snapshot().won >= 5);
}

#[tokio::test(start_paused = true)]
async fn attempts_older_than_a_minute_do_not_count() {
    let hedge = Hedge::builder("old")
        .quantile(0.5)
        .budget(false)
        .build()
        .unwrap();
    calls(&hedge, 100, 20).await;
    tokio::time::advance(MS * 200).await;
    assert!(hedge.delay().is_some());
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(hedge.delay(), None);
}

#[tokio::test(start_paused = true)]
async fn attempts_are_measured_on_the_injected_clock() {
    let clock = ManualClock::new();
    let hedge = Hedge::builder("injected")
        .quantile(0.5)
        .clock(clock.clone())
        .build()
        .unwrap();
    for _ in 0..100 {
        let call = hedge.call_async(|| async {
            clock.advance(MS * 40);
            Ok::<_, String>(())
        });
        call.await.unwrap();
    }
    clock.advance(MS * 100);
    assert!(is_near(hedge.delay(), 40), "{:?}", hedge.delay());
}

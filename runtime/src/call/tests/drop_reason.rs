//! Reasons for dropping a future.

use crate::call::drop_reason::{DropReason, drop_for, drop_reason};
#[cfg(feature = "async")]
use crate::{call::Granted, time::SharedClock};
#[cfg(feature = "async")]
use std::{future::poll_fn, task::Poll, time::Duration};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
};

#[test]
fn drop_reason_applies_while_the_future_is_dropped() {
    struct Seen(Arc<Mutex<Vec<DropReason>>>);
    impl Drop for Seen {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(drop_reason());
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let make = || Seen(Arc::clone(&seen));
    drop_for(DropReason::TimedOut, || {
        drop_for(DropReason::CutShort, || drop(make()));
        drop(make());
    });
    assert!(
        catch_unwind(AssertUnwindSafe(|| drop_for(
            DropReason::TimedOut,
            || panic!("broken")
        )))
        .is_err()
    );
    drop(make());
    assert_eq!(
        *seen.lock().unwrap(),
        [
            DropReason::CutShort,
            DropReason::TimedOut,
            DropReason::Caller
        ]
    );
}

#[cfg(feature = "async")]
#[tokio::test(start_paused = true)]
async fn dropped_future_reads_its_reason_and_a_ready_one_wins() {
    use std::future::{pending, ready};
    struct Seen(Arc<Mutex<Vec<DropReason>>>);
    impl Drop for Seen {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(drop_reason());
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let hangs = || {
        let seen = Seen(Arc::clone(&seen));
        async move {
            let _seen = seen;
            pending::<()>().await;
        }
    };
    let second = Duration::from_secs(1);
    let grant = |own, whole| {
        let clock = SharedClock::default();
        Granted::at(clock.now(), own, whole, clock)
    };
    assert_eq!(grant(second, Duration::MAX).limit(hangs()).await, None);
    // Cut to less than half by what the call is a part of.
    assert_eq!(grant(10 * second, second).limit(hangs()).await, None);
    assert_eq!(grant(second, Duration::MAX).limit(ready(3)).await, Some(3));
    let mut waits = Box::pin(grant(second, Duration::MAX).limit(hangs()));
    assert!(poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx).is_pending())).await);
    drop(waits);
    assert_eq!(
        *seen.lock().unwrap(),
        [
            DropReason::TimedOut,
            DropReason::CutShort,
            DropReason::Caller
        ]
    );
}

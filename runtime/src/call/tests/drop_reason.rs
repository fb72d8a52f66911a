//! Reasons for dropping a future.

#[cfg(feature = "async")]
use crate::call::drop_reason::drop_when;
use crate::call::drop_reason::{DropReason, drop_for, drop_reason};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
};
#[cfg(feature = "async")]
use std::{
    pin::pin,
    task::{Poll, Waker},
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
#[test]
fn dropped_future_reads_its_reason_and_a_ready_one_wins() {
    use std::future::{pending, ready};
    struct Seen(Arc<Mutex<Vec<DropReason>>>);
    impl Drop for Seen {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(drop_reason());
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let hangs = |seen: Seen| async move {
        let _seen = seen;
        pending::<()>().await;
    };
    let mut cx = std::task::Context::from_waker(Waker::noop());
    let ended = pin!(drop_when(
        hangs(Seen(Arc::clone(&seen))),
        ready(()),
        DropReason::TimedOut
    ))
    .poll(&mut cx);
    assert_eq!(ended, Poll::Ready(None));
    let won = pin!(drop_when(ready(3), ready(()), DropReason::TimedOut)).poll(&mut cx);
    assert_eq!(won, Poll::Ready(Some(3)));
    let mut waits = Box::pin(drop_when(
        hangs(Seen(Arc::clone(&seen))),
        pending(),
        DropReason::TimedOut,
    ));
    assert!(waits.as_mut().poll(&mut cx).is_pending());
    drop(waits);
    assert_eq!(
        *seen.lock().unwrap(),
        [DropReason::TimedOut, DropReason::Caller]
    );
}

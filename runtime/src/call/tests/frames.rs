//! Frames: entering, leaving, attempts and frames in place.

use super::support::{current_frame, enter_attempt, in_seconds, report, reported_in};
use crate::{
    call::{
        Attempt, EnteredAttempt, Frame, InPlace, PackedSeries, attempt,
        current::CURRENT,
        deadline::{DeadlineWord, EnteredDeadline},
        is_in_call,
        mailbox::Message,
        record_outcome, remaining, series,
    },
    time::ManualClock,
};
use std::{
    mem::needs_drop,
    panic::catch_unwind,
    pin::pin,
    task::{Poll, Waker},
    thread,
};

#[test]
fn frame_is_current_until_it_is_left() {
    let (mut outer, mut inner) = (Frame::new(), Frame::new());
    let entered = outer.enter();
    let id = entered.id();
    {
        let within = inner.enter();
        assert_eq!(current_frame(), within.id());
        assert_ne!(within.id(), id);
    }
    assert_eq!(current_frame(), id);
    drop(entered);
    assert!(!is_in_call());
}

#[test]
fn frame_keeps_its_identity_when_it_is_entered_again() {
    let mut frame = Frame::new();
    let first = frame.enter().id();
    let one = {
        let _entered = frame.enter();
        report("one")
    };
    let second = frame.enter().id();
    assert_eq!(first, second);
    assert_eq!(reported_in(&mut frame), [one]);
}

#[test]
fn panic_leaves_each_frame() {
    let unwound = catch_unwind(|| {
        let mut outer = Frame::new();
        let _outer = outer.enter();
        let _in_place = InPlace::enter();
        let mut inner = Frame::new();
        let clock = ManualClock::new();
        let deadline = Some(EnteredDeadline::enter(in_seconds(&clock, 1)));
        let _attempt_of_inner = enter_attempt(&mut inner, 1, 3, deadline);
        assert_eq!(attempt(), Some(Attempt::new(1, 3)));
        panic!("broken");
    });
    assert!(unwound.is_err());
    assert_eq!((current_frame(), attempt(), remaining()), (0, None, None));
}

#[test]
fn dropped_frame_forwards_its_messages() {
    let mut outer = Frame::new();
    let id = {
        let _outer = outer.enter();
        let mut inner = Frame::new();
        let _inner = inner.enter();
        report("no route")
    };
    assert_eq!(reported_in(&mut outer), [id]);
}

#[test]
fn frame_of_a_successful_call_forwards_no_report() {
    let mut outer = Frame::new();
    {
        let _outer = outer.enter();
        let mut inner = Frame::new();
        {
            let _inner = inner.enter();
            report("handled");
            record_outcome(7);
        }
        inner.succeeded();
    }
    let mut inbox = outer.end().unwrap();
    assert!(
        inbox.has_recorded(7),
        "the outcome was counted whatever the outcome of the call"
    );
    assert_eq!(
        inbox
            .take_messages()
            .filter(|message| matches!(message, Message::Reported(_)))
            .count(),
        0
    );
}

#[test]
fn identities_of_threads_differ() {
    let fresh = || CURRENT.with(|current| [current.fresh(), current.fresh()]);
    let mut all: Vec<u64> = (0..4)
        .map(|_| thread::spawn(fresh))
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    all.extend(fresh());
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
    assert!(!all.contains(&0));
}

#[test]
fn attempt_of_the_innermost_retry_counts_and_is_restored() {
    let (mut outer, mut inner) = (Frame::new(), Frame::new());
    let entered = enter_attempt(&mut outer, 0, 3, None);
    assert!(entered.outer.is_none());
    {
        let within = enter_attempt(&mut inner, 1, 2, None);
        assert_eq!(within.outer.unpack().max_attempts, 3);
        assert_eq!(
            (attempt(), series().number()),
            (Some(Attempt::new(1, 2)), Some((2, 2)))
        );
        assert!(
            series().is_provisional(),
            "another attempt of the outer retry may follow"
        );
    }
    assert_eq!(attempt(), Some(Attempt::new(0, 3)));
    drop(entered);
    assert_eq!(attempt(), None);
}

#[test]
fn place_of_the_outer_retry_is_restored() {
    let (mut outer, mut inner) = (Frame::new(), Frame::new());
    let entered = enter_attempt(&mut outer, 0, 3, None);
    let place = series().place;
    enter_attempt(&mut inner, 0, 2, None).leave();
    assert_eq!(series().place, place);
    let _one_more = enter_attempt(&mut inner, 1, 2, None);
    assert_ne!(place, None);
    drop(entered);
}

/// A guard with parts that are dropped is dropped by a function that takes its address, which puts it
/// into memory for each call.
#[test]
fn entered_attempt_is_plain_words_beside_its_frame() {
    assert!(!needs_drop::<(PackedSeries, Option<DeadlineWord>)>());
    assert_eq!(size_of::<EnteredAttempt<'_>>(), 5 * size_of::<u64>());
    assert_eq!(size_of::<Frame>(), size_of::<u64>());
}

#[test]
fn attempt_that_is_dropped_keeps_its_messages() {
    let leaves: [fn(EnteredAttempt<'_>); 3] = [
        |entered| drop(entered),
        |entered| entered.leave(),
        |entered| drop(entered.scoped()),
    ];
    for leave in leaves {
        let mut frame = Frame::new();
        let entered = enter_attempt(&mut frame, 0, 2, None);
        report("inside");
        leave(entered);
        assert_eq!((attempt(), is_in_call()), (None, false));
        assert!(frame.end().is_some());
    }
}

#[test]
fn dropped_frame_in_place_is_left_and_forwards_its_messages() {
    let mut outer = Frame::new();
    let reported = {
        let entered = outer.enter();
        let id = entered.id();
        let reported = {
            let _place = InPlace::enter();
            assert_ne!(current_frame(), id);
            report("no route")
        };
        assert_eq!(current_frame(), id);
        let mut place = InPlace::enter();
        place.leave();
        place.leave().succeeded();
        drop(place);
        assert_eq!(current_frame(), id);
        reported
    };
    assert_eq!(reported_in(&mut outer), [reported]);
}

#[test]
fn suspended_future_is_in_its_frame_during_each_poll_only() {
    let mut place = InPlace::enter();
    let id = current_frame();
    let mut turns = 0;
    {
        let mut future = pin!(place.suspend(std::future::poll_fn(|_| {
            turns += 1;
            assert_eq!(current_frame(), id);
            report("no route");
            if turns < 3 {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })));
        let mut cx = std::task::Context::from_waker(Waker::noop());
        for poll in 1..=3 {
            assert_eq!(future.as_mut().poll(&mut cx).is_ready(), poll == 3);
            assert_eq!(current_frame(), if poll == 3 { id } else { 0 });
        }
    }
    let frame = place.leave();
    assert_eq!(reported_in(frame).len(), 3);
    assert!(!is_in_call());
}

#[test]
fn frame_in_place_that_is_dropped_while_suspended_keeps_the_frame_of_the_caller() {
    let mut place = InPlace::enter();
    let mut cx = std::task::Context::from_waker(Waker::noop());
    assert!(
        pin!(place.suspend(std::future::pending::<()>()))
            .poll(&mut cx)
            .is_pending()
    );
    let mut caller = Frame::new();
    let entered = caller.enter();
    let id = entered.id();
    drop(place);
    assert_eq!(current_frame(), id);
}

use super::{
    current::{
        CURRENT, Current, Number, is_in_call, letters_to, mark, post_pending, record_outcome, send,
        since,
    },
    deadline::EnteredDeadline,
    frame::Entered,
    held,
    inside::Letter,
    *,
};
use crate::{
    error::{ErrorId, View},
    event::pending::Settlement,
    time::{ManualClock, SharedClock},
};
use std::{
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::pin,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
    thread,
    time::Duration,
};

const SECOND: Duration = Duration::from_secs(1);

/// The identity of the frame that is current.
fn current_frame() -> u64 {
    CURRENT.with(Current::name)
}

impl Entered<'_> {
    /// The identity of the frame, which is the current one.
    fn id(&self) -> u64 {
        current_frame()
    }
}

fn in_seconds(clock: &ManualClock, seconds: u32) -> Deadline {
    let clock = SharedClock::new(clock.clone());
    Deadline::new(clock.now().after(SECOND * seconds), clock)
}

/// Posts a report, and returns its identity.
fn report(text: &str) -> ErrorId {
    let id = ErrorId::default();
    let error = std::io::Error::other(text.to_owned());
    post_reported(Reported::new(id, View::from_std(&error), Marked::No));
    id
}

fn reported_in(frame: &mut Frame) -> Vec<ErrorId> {
    frame
        .end()
        .map(|mut inside| inside.take_reported().iter().map(Reported::id).collect())
        .unwrap_or_default()
}

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
fn frame_that_is_entered_again_is_the_same_one() {
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
        let _attempt_of_inner = inner.enter_attempt(1, 3, Location::caller(), deadline);
        assert_eq!(attempt(), Some(Attempt::new(1, 3)));
        panic!("broken");
    });
    assert!(unwound.is_err());
    assert_eq!((current_frame(), attempt(), remaining()), (0, None, None));
}

#[test]
fn letters_go_to_the_frame_that_was_current() {
    let (mut outer, mut inner) = (Frame::new(), Frame::new());
    let (first, within, last);
    {
        let _outer = outer.enter();
        first = report("no route");
        {
            let _inner = inner.enter();
            within = report("no route");
        }
        last = report("no route");
    }
    assert_eq!(reported_in(&mut inner), [within]);
    assert_eq!(reported_in(&mut outer), [first, last]);
}

#[test]
fn letters_outside_of_every_frame_are_not_kept() {
    let since = mark();
    report("no route");
    send(Letter::Dropped(1));
    assert_eq!(letters_to(0, since).len(), 0);
}

#[test]
fn frame_that_is_dropped_hands_its_letters_on() {
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
fn frame_that_succeeded_hands_on_no_report() {
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
    let mut inside = outer.end().unwrap();
    assert!(
        inside.has_recorded(7),
        "the outcome was counted whatever became of the call"
    );
    assert_eq!(
        inside
            .take_letters()
            .filter(|letter| matches!(letter, Letter::Reported(_)))
            .count(),
        0
    );
}

#[test]
fn many_letters_are_bounded_and_the_latest_ones_kept() {
    let mut frame = Frame::new();
    let ids: Vec<ErrorId> = {
        let _entered = frame.enter();
        (0..1030).map(|_| report("no route")).collect()
    };
    assert_eq!(reported_in(&mut frame), ids[6..]);
}

#[test]
fn outcomes_of_one_breaker_are_one_letter() {
    let mut frame = Frame::new();
    let since = mark();
    let id = {
        let entered = frame.enter();
        (0..5000).for_each(|_| record_outcome(7));
        entered.id()
    };
    assert_eq!(letters_to(id, since).len(), 0, "the frame has them");
    let mut inside = frame.end().unwrap();
    assert!(inside.has_recorded(7) && !inside.has_recorded(8));
    assert_eq!(inside.take_letters().count(), 1);
}

#[test]
fn outcome_is_known_since_the_mark_before_it_and_not_since_a_later_one() {
    let look = || {
        let before = mark();
        record_outcome(7);
        assert!(
            since(before, 7).recorded && !since(before, 8).recorded && !since(before, 7).rejected
        );
        assert!(!since(mark(), 7).recorded);
    };
    look();
    let mut frame = Frame::new();
    let _entered = frame.enter();
    look();
}

#[test]
fn rejections_outside_of_every_frame_are_known_until_they_are_dropped() {
    let before = mark();
    let number = Number::here(3);
    assert_eq!(number.tag(), 3);
    assert!(since(before, 1).rejected && !since(mark(), 1).rejected);
    drop(number);
    assert!(!since(before, 1).rejected);
}

#[test]
fn rejection_that_its_error_type_kept_nothing_of_is_still_known() {
    let before = mark();
    let number = Number::here(1);
    let conversion = number.convert();
    drop(number);
    conversion.end();
    assert!(since(before, 1).rejected);
}

#[test]
fn number_that_is_unknown_is_no_rejection_of_any_frame() {
    let before = mark();
    let number = Number::unknown(2);
    assert_eq!((number.tag(), since(before, 1).rejected), (2, false));
    let mut frame = Frame::new();
    {
        let _entered = frame.enter();
        drop(number);
    }
    assert!(frame.end().is_none(), "nobody is to learn of its end");
}

#[test]
fn other_letters_stay_when_a_rejection_is_dropped() {
    let mut frame = Frame::new();
    let id = {
        let _entered = frame.enter();
        let id = report("no route");
        let number = Number::here(1);
        let breaker = crate::breaker::CircuitBreaker::builder("dropped-letter")
            .build()
            .unwrap();
        breaker.force_open();
        let rejection = breaker.try_acquire().unwrap_err();
        number.announce(|| rejection.clone());
        drop(rejection);
        drop(number);
        id
    };
    assert_eq!(reported_in(&mut frame), [id]);
}

#[test]
fn outcome_of_a_breaker_is_noted_for_each_frame_apart() {
    let (mut outer, mut inner) = (Frame::new(), Frame::new());
    {
        let _outer = outer.enter();
        record_outcome(7);
        let _inner = inner.enter();
        record_outcome(7);
        record_outcome(8);
    }
    for frame in [&mut inner, &mut outer] {
        assert!(frame.end().unwrap().has_recorded(7));
    }
}

#[test]
fn outcomes_outside_of_every_frame_are_known_of_the_last_eight_breakers() {
    let before = mark();
    let known = |breakers: std::ops::RangeInclusive<usize>| {
        breakers.filter(|b| since(before, *b).recorded).count()
    };
    (1..=8).for_each(record_outcome);
    record_outcome(8);
    assert_eq!(known(1..=8), 8, "the same one takes no further place");
    record_outcome(9);
    assert_eq!(
        (known(1..=1), known(2..=9)),
        (0, 8),
        "the oldest one is forgotten"
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
fn error_that_waits_for_an_attempt_is_settled_where_none_follows() {
    let settled = Arc::new(Mutex::new(Vec::new()));
    let hold = || {
        let settled = Arc::clone(&settled);
        crate::event::pending::hold(move |settlement| settled.lock().unwrap().push(settlement))
    };
    let mut frame = Frame::new();
    {
        let _last = frame.enter_attempt(2, 3, Location::caller(), None);
        post_pending(hold());
        assert_eq!(
            settled.lock().unwrap().len(),
            1,
            "no attempt follows the last one"
        );
    }
    {
        let _first = frame.enter_attempt(0, 3, Location::caller(), None);
        post_pending(hold());
        assert_eq!(settled.lock().unwrap().len(), 1);
    }
    assert_eq!(frame.end().unwrap().take_pending().len(), 1);
}

#[test]
fn attempt_of_the_innermost_retry_counts_and_is_restored() {
    let (mut outer, mut inner) = (Frame::new(), Frame::new());
    let entered = outer.enter_attempt(0, 3, Location::caller(), None);
    assert!(entered.outer.is_none());
    {
        let within = inner.enter_attempt(1, 2, Location::caller(), None);
        assert_eq!(within.outer.unpack().max_attempts, 3);
        assert_eq!(
            (attempt(), series().number()),
            (Some(Attempt::new(1, 2)), Some((2, 2)))
        );
        assert!(
            series().is_provisional(),
            "an attempt further out may follow"
        );
    }
    assert_eq!(attempt(), Some(Attempt::new(0, 3)));
    drop(entered);
    assert_eq!(attempt(), None);
}

#[test]
fn earlier_deadline_holds_whichever_clock_it_is_of_and_is_restored() {
    let (one, other) = (ManualClock::new(), ManualClock::new());
    one.advance(SECOND * 1000);
    let _outer = EnteredDeadline::enter(in_seconds(&one, 10));
    {
        let _later = EnteredDeadline::enter(in_seconds(&other, 20));
        assert_eq!(remaining(), Some(SECOND * 10));
        let _earlier = EnteredDeadline::enter(in_seconds(&other, 5));
        assert_eq!(remaining(), Some(SECOND * 5));
        other.advance(SECOND * 2);
        assert_eq!(remaining(), Some(SECOND * 3));
    }
    assert_eq!(remaining(), Some(SECOND * 10));
    one.advance(SECOND * 11);
    assert_eq!(remaining(), Some(Duration::ZERO), "the deadline has passed");
}

#[test]
fn deadline_of_a_context_replaces_that_of_the_thread_and_is_left() {
    let clock = ManualClock::new();
    let context = {
        let _entered = EnteredDeadline::enter(in_seconds(&clock, 60));
        Context::current()
    };
    let _inner = EnteredDeadline::enter(in_seconds(&clock, 1));
    assert_eq!(
        context.run(remaining),
        Some(SECOND * 60),
        "the work is another call's"
    );
    assert_eq!(
        Context::current().with_timeout(SECOND * 600).run(remaining),
        Some(SECOND)
    );
    assert_eq!(remaining(), Some(SECOND));
}

#[derive(Debug, PartialEq)]
struct Tenant(&'static str);

fn tenant() -> Option<&'static str> {
    value::<Tenant>().map(|tenant| tenant.0)
}

#[test]
fn later_value_of_a_type_hides_an_earlier_one_until_it_is_left() {
    let outer = Context::current().with(Tenant("acme")).with(7_u32);
    outer.run(|| {
        let inner = Context::current().with(Tenant("umbrella"));
        assert_eq!(
            (inner.run(tenant), inner.run(value::<u32>)),
            (Some("umbrella"), Some(Arc::new(7)))
        );
        assert_eq!(tenant(), Some("acme"));
        assert_eq!(value::<u64>(), None);
    });
    assert_eq!(tenant(), None);
}

#[test]
fn drop_of_a_value_may_read_the_context() {
    struct Reads(Arc<Mutex<Vec<Option<&'static str>>>>);
    impl Drop for Reads {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(tenant());
        }
    }
    let seen = Arc::default();
    let outer = Context::current().with(Tenant("acme"));
    outer.run(|| {
        Context::current().with(Reads(Arc::clone(&seen))).run(|| {});
    });
    assert_eq!(*seen.lock().unwrap(), [Some("acme")]);
}

#[test]
fn context_is_left_when_what_runs_in_it_panics() {
    let mut frame = Frame::new();
    let context = {
        let _attempt = frame.enter_attempt(0, 2, Location::caller(), None);
        Context::current().with(Tenant("acme")).with_timeout(SECOND)
    };
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        context.run(|| {
            assert_eq!(attempt(), Some(Attempt::new(0, 2)));
            panic!("broken");
        });
    }));
    assert!(unwound.is_err());
    assert_eq!(
        (current_frame(), attempt(), remaining(), tenant()),
        (0, None, None, None)
    );
}

#[test]
fn contexts_nest_and_restore_each_other() {
    let (mut one, mut two) = (Frame::new(), Frame::new());
    let (first, one_id) = {
        let entered = one.enter();
        (Context::current(), entered.id())
    };
    let (second, two_id) = {
        let entered = two.enter();
        (Context::current(), entered.id())
    };
    let (in_first, in_second) = first.run(|| {
        assert_eq!(current_frame(), one_id);
        let in_second = second.run(|| {
            assert_eq!(current_frame(), two_id);
            report("no route")
        });
        assert_eq!(current_frame(), one_id);
        (report("no route"), in_second)
    });
    assert_eq!(reported_in(&mut one), [in_first]);
    assert_eq!(reported_in(&mut two), [in_second]);
}

#[test]
fn report_on_another_thread_reaches_the_frame_of_its_context() {
    let mut frame = Frame::new();
    let id = {
        let _entered = frame.enter();
        let context = Context::current();
        thread::spawn(move || context.run(|| report("no route")))
            .join()
            .unwrap()
    };
    assert_eq!(reported_in(&mut frame), [id]);
}

#[test]
fn context_that_outlives_its_call_is_outside_of_every_frame() {
    let mut frame = Frame::new();
    let context = {
        let _attempt = frame.enter_attempt(0, 3, Location::caller(), None);
        Context::current().with(Tenant("acme"))
    };
    assert!(context.run(is_in_call));
    frame.end();
    context.run(|| {
        assert_eq!(
            (is_in_call(), attempt(), tenant()),
            (false, None, Some("acme"))
        );
        report("no route");
    });
    assert!(frame.end().is_none());
}

#[test]
fn report_of_a_context_whose_call_ends_meanwhile_is_not_kept() {
    let mut frame = Frame::new();
    let context = {
        let _entered = frame.enter();
        Context::current()
    };
    let (mut id, since) = (0, mark());
    context.run(|| {
        id = current_frame();
        frame.end();
        report("no route");
    });
    assert_eq!(
        (letters_to(id, since).len(), frame.end().is_none()),
        (0, true)
    );
}

/// What is known of the attempt is over with its call: an error that waited for it is one.
#[test]
fn error_that_waits_for_an_attempt_whose_call_ends_meanwhile_is_settled() {
    let settled = Arc::new(Mutex::new(Vec::new()));
    let hold = || {
        let settled = Arc::clone(&settled);
        crate::event::pending::hold(move |settlement| settled.lock().unwrap().push(settlement))
    };
    let count = || settled.lock().unwrap().len();
    let (mut frame, mut other) = (Frame::new(), Frame::new());
    let context = {
        let _attempt = frame.enter_attempt(0, 3, Location::caller(), None);
        Context::current()
    };
    let mut further_in = None;
    context.run(|| {
        post_pending(hold());
        // A context of another frame in between, so that the next one gets a mailbox of its own.
        let _other = {
            let _entered = other.enter();
            Context::current()
        };
        let inner = Context::current();
        inner.run(|| post_pending(hold()));
        further_in = Some(inner);
        // The call ends where it runs, which is elsewhere.
        thread::scope(|scope| {
            scope
                .spawn(|| assert!(frame.end().is_some()))
                .join()
                .unwrap();
        });
        assert_eq!(count(), 0);
    });
    assert_eq!(
        count(),
        2,
        "one of its own, and one in the mailbox of the context further in"
    );
    further_in.unwrap().run(|| post_pending(hold()));
    assert_eq!(count(), 3);
    assert!(
        settled
            .lock()
            .unwrap()
            .iter()
            .all(|settlement| matches!(settlement, Settlement::Error))
    );
}

#[test]
fn letters_of_calls_further_out_stay_where_they_are_while_a_context_is_left() {
    let (mut outer, mut other) = (Frame::new(), Frame::new());
    let context = {
        let _entered = other.enter();
        Context::current()
    };
    let [before, inside] = {
        let _entered = outer.enter();
        [report("no route"), context.run(|| report("timed out"))]
    };
    assert_eq!(
        (reported_in(&mut outer), reported_in(&mut other)),
        (vec![before], vec![inside])
    );
}

#[test]
fn slots_of_a_context_replace_those_of_the_thread_and_are_left() {
    let without = Context::current();
    let _slot = hold(7, 1, Some(42));
    let with = Context::current();
    without.run(|| {
        assert_eq!(slot_of(7, 1), None);
        with.run(|| assert_eq!(slot_of(7, 1), Some(42)));
        assert_eq!(slot_of(7, 1), None);
    });
    assert_eq!(slot_of(7, 1), Some(42));
}

#[test]
fn frame_in_place_is_left_when_it_is_dropped_and_hands_its_letters_on() {
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
fn context_is_shown_with_its_attempt_and_time() {
    let clock = ManualClock::new();
    let mut frame = Frame::new();
    let _attempt = frame.enter_attempt(1, 3, Location::caller(), None);
    let _deadline = EnteredDeadline::enter(in_seconds(&clock, 5));
    assert_eq!(
        format!("{:?}", Values::with(None, 7)),
        "Values",
        "they may be secret"
    );
    let shown = format!("{:?}", Context::current());
    assert!(
        shown.starts_with("Context {")
            && shown.contains("Some((2, 3))")
            && shown.contains("Some(5s)"),
        "{shown}"
    );
}

#[test]
fn contexts_of_one_frame_share_a_mailbox() {
    let mut frame = Frame::new();
    {
        let _entered = frame.enter();
        (0..10).for_each(|_| drop(Context::current()));
    }
    let context = {
        let _entered = frame.enter();
        Context::current()
    };
    let ids: Vec<ErrorId> = (0..2000)
        .map(|_| context.run(|| report("no route")))
        .collect();
    assert_eq!(
        reported_in(&mut frame),
        ids[..1024],
        "the mailbox is bounded"
    );
}

#[test]
fn future_in_a_context_is_in_it_during_each_poll_and_not_in_between() {
    let mut turns = 0;
    let future = std::future::poll_fn(|_| {
        turns += 1;
        assert_eq!(tenant(), Some("acme"));
        if turns < 3 {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    });
    let mut future = pin!(future.in_call(Context::current().with(Tenant("acme"))));
    let mut cx = std::task::Context::from_waker(Waker::noop());
    for poll in 1..=3 {
        assert_eq!(future.as_mut().poll(&mut cx).is_ready(), poll == 3);
        assert_eq!(tenant(), None);
    }
}

#[test]
fn future_that_is_suspended_holds_its_frame_during_each_poll_only() {
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
fn place_that_is_left_while_it_waits_leaves_the_frame_of_the_caller() {
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

#[test]
fn innermost_slot_of_a_breaker_is_found_until_it_is_released() {
    let outer = hold(7, 1, Some(41));
    {
        let _inner = hold(7, 1, Some(42));
        let _of_another = hold(8, 1, None);
        assert_eq!(
            (slot_of(7, 1), slot_of(7, 2), slot_of(9, 1)),
            (Some(42), None, None)
        );
        let context = Context::current();
        assert_eq!(
            thread::spawn(move || context.run(|| slot_of(7, 1)))
                .join()
                .unwrap(),
            Some(42)
        );
    }
    assert_eq!(slot_of(7, 1), Some(41));
    assert_eq!(held::all().len(), 1);
    drop(outer);
    assert_eq!(slot_of(7, 1), None);
}

#[test]
fn why_a_call_is_ended_holds_while_its_future_is_dropped() {
    struct Seen(Arc<Mutex<Vec<EndedBy>>>);
    impl Drop for Seen {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(ended_by());
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let make = || Seen(Arc::clone(&seen));
    ending(EndedBy::TimedOut, || {
        ending(EndedBy::CutShort, || drop(make()));
        drop(make());
    });
    assert!(
        catch_unwind(AssertUnwindSafe(|| ending(EndedBy::TimedOut, || panic!(
            "broken"
        ))))
        .is_err()
    );
    drop(make());
    assert_eq!(
        *seen.lock().unwrap(),
        [EndedBy::CutShort, EndedBy::TimedOut, EndedBy::Caller]
    );
}

#[cfg(feature = "async")]
#[test]
fn future_that_is_ended_learns_why_and_one_that_is_ready_wins() {
    use std::future::{pending, ready};
    struct Seen(Arc<Mutex<Vec<EndedBy>>>);
    impl Drop for Seen {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(ended_by());
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let hangs = |seen: Seen| async move {
        let _seen = seen;
        pending::<()>().await;
    };
    let mut cx = std::task::Context::from_waker(Waker::noop());
    let ended = pin!(end_by(
        hangs(Seen(Arc::clone(&seen))),
        ready(()),
        EndedBy::TimedOut
    ))
    .poll(&mut cx);
    assert_eq!(ended, Poll::Ready(None));
    let won = pin!(end_by(ready(3), ready(()), EndedBy::TimedOut)).poll(&mut cx);
    assert_eq!(won, Poll::Ready(Some(3)));
    let mut waits = Box::pin(end_by(
        hangs(Seen(Arc::clone(&seen))),
        pending(),
        EndedBy::TimedOut,
    ));
    assert!(waits.as_mut().poll(&mut cx).is_pending());
    drop(waits);
    assert_eq!(*seen.lock().unwrap(), [EndedBy::TimedOut, EndedBy::Caller]);
}

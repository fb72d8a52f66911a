//! Contexts: deadlines, values, slots and mailboxes on other stacks.

use super::support::{SECOND, current_frame, enter_attempt, in_seconds, report, reported_in};
use crate::{
    call::{
        Attempt, Context, Frame, InCall, Values, attempt,
        current::messages_to,
        deadline::{Deadline, EnteredDeadline},
        hold_slot, is_in_call, mark, post_pending, probe_slots, remaining, slot_of, value,
    },
    error::ErrorId,
    event::pending::Settlement,
    time::{ManualClock, SharedClock},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
    thread,
    time::Duration,
};

#[test]
fn earlier_deadline_applies_for_any_clock_and_is_restored() {
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

/// Deadlines on the system's clock and on others, in every order of four: each ends with its guard, and
/// the earliest one holds.
#[test]
fn deadlines_of_all_clocks_nest() {
    #[derive(Clone, Copy)]
    enum Kind {
        System,
        Other,
        /// A context without a deadline.
        None,
    }
    // In hours, so that the time that the test takes does not matter.
    fn hours_left() -> Option<u64> {
        remaining().map(|left| left.as_secs().div_ceil(3600))
    }
    fn nest(clock: &ManualClock, kinds: &[(Kind, u64)], outer: Option<u64>) {
        let Some(((kind, hours), inner)) = kinds.split_first() else {
            return;
        };
        let seconds = (hours * 3600).try_into().unwrap();
        let earliest = Some(outer.map_or(*hours, |outer| outer.min(*hours)));
        let (entered, now) = match kind {
            Kind::System => {
                let clock = SharedClock::default();
                let at = clock.now().after(SECOND * seconds);
                (EnteredDeadline::enter(Deadline::new(at, clock)), earliest)
            }
            Kind::Other => (EnteredDeadline::enter(in_seconds(clock, seconds)), earliest),
            Kind::None => (EnteredDeadline::enter_alone(None), None),
        };
        assert_eq!(hours_left(), now);
        nest(clock, inner, now);
        assert_eq!(hours_left(), now, "what is further in has ended");
        drop(entered);
        assert_eq!(hours_left(), outer);
    }
    let clock = ManualClock::new();
    let each = [Kind::System, Kind::Other, Kind::None];
    let orders = [[10, 20, 30, 40], [40, 30, 20, 10], [20, 40, 10, 30]];
    for n in 0..81 {
        let kinds = [n, n / 3, n / 9, n / 27].map(|n| each[n % 3]);
        for hours in orders {
            let nested: Vec<_> = kinds.into_iter().zip(hours).collect();
            nest(&clock, &nested, None);
        }
    }
}

#[test]
fn deadline_of_a_context_replaces_that_of_the_thread() {
    let clock = ManualClock::new();
    let context = {
        let _entered = EnteredDeadline::enter(in_seconds(&clock, 60));
        Context::current()
    };
    let _inner = EnteredDeadline::enter(in_seconds(&clock, 1));
    assert_eq!(
        context.run(remaining),
        Some(SECOND * 60),
        "the work belongs to another call"
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
fn panic_leaves_the_context() {
    let mut frame = Frame::new();
    let context = {
        let _attempt = enter_attempt(&mut frame, 0, 2, None);
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
        let _attempt = enter_attempt(&mut frame, 0, 3, None);
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
        (messages_to(id, since).len(), frame.end().is_none()),
        (0, true)
    );
}

/// The attempt ends with its call: an error that waited for it stands.
#[test]
fn pending_error_of_an_ended_call_is_settled() {
    let settled = Arc::new(Mutex::new(Vec::new()));
    let hold = || {
        let settled = Arc::clone(&settled);
        crate::event::pending::hold(move |settlement| settled.lock().unwrap().push(settlement))
    };
    let count = || settled.lock().unwrap().len();
    let (mut frame, mut other) = (Frame::new(), Frame::new());
    let context = {
        let _attempt = enter_attempt(&mut frame, 0, 3, None);
        Context::current()
    };
    let mut nested = None;
    context.run(|| {
        post_pending(hold());
        // A context of another frame in between, so that the next one gets its own mailbox.
        let _other = {
            let _entered = other.enter();
            Context::current()
        };
        let inner = Context::current();
        inner.run(|| post_pending(hold()));
        nested = Some(inner);
        // The call ends on another thread.
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
        "one of its own, and one in the mailbox of the nested context"
    );
    nested.unwrap().run(|| post_pending(hold()));
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
fn messages_of_outer_calls_stay_while_a_context_is_left() {
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
fn slots_of_a_context_replace_those_of_the_thread() {
    let without = Context::current();
    let _slot = hold_slot(7, 1, Some(42));
    let with = Context::current();
    without.run(|| {
        assert_eq!(slot_of(7, 1), None);
        with.run(|| assert_eq!(slot_of(7, 1), Some(42)));
        assert_eq!(slot_of(7, 1), None);
    });
    assert_eq!(slot_of(7, 1), Some(42));
}

#[test]
fn context_is_shown_with_its_attempt_and_time() {
    let clock = ManualClock::new();
    let mut frame = Frame::new();
    let _attempt = enter_attempt(&mut frame, 1, 3, None);
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
fn future_is_in_its_context_during_each_poll_only() {
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
fn innermost_slot_of_a_breaker_is_found_until_it_is_released() {
    let outer = hold_slot(7, 1, Some(41));
    {
        let _inner = hold_slot(7, 1, Some(42));
        let _of_another = hold_slot(8, 1, None);
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
    assert_eq!(probe_slots::all().len(), 1);
    drop(outer);
    assert_eq!(slot_of(7, 1), None);
}

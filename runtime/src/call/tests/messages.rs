//! Messages to frames: reports, rejections, outcomes and pending errors.

use super::support::{enter_attempt, report, reported_in};
use crate::{
    call::{
        Frame, RejectionNumber,
        current::{messages_to, send},
        mailbox::Message,
        mark, post_pending, record_outcome, since,
    },
    error::ErrorId,
};
use std::sync::{Arc, Mutex};

#[test]
fn messages_go_to_the_current_frame() {
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
fn messages_outside_of_every_frame_are_not_kept() {
    let since = mark();
    report("no route");
    send(Message::Dropped(1));
    assert_eq!(messages_to(0, since).len(), 0);
}

#[test]
fn inbox_keeps_a_bounded_number_of_the_latest_messages() {
    let mut frame = Frame::new();
    let ids: Vec<ErrorId> = {
        let _entered = frame.enter();
        (0..1030).map(|_| report("no route")).collect()
    };
    assert_eq!(reported_in(&mut frame), ids[6..]);
}

#[test]
fn outcomes_of_one_breaker_are_one_message() {
    let mut frame = Frame::new();
    let since = mark();
    let id = {
        let entered = frame.enter();
        (0..5000).for_each(|_| record_outcome(7));
        entered.id()
    };
    assert_eq!(messages_to(id, since).len(), 0, "the frame has them");
    let mut inbox = frame.end().unwrap();
    assert!(inbox.has_recorded(7) && !inbox.has_recorded(8));
    assert_eq!(inbox.take_messages().count(), 1);
}

#[test]
fn outcome_is_known_since_an_earlier_mark_and_not_since_a_later_one() {
    let check = || {
        let before = mark();
        record_outcome(7);
        assert!(
            since(before, 7).recorded && !since(before, 8).recorded && !since(before, 7).rejected
        );
        assert!(!since(mark(), 7).recorded);
    };
    check();
    let mut frame = Frame::new();
    let _entered = frame.enter();
    check();
}

#[test]
fn rejections_outside_of_every_frame_are_known_until_they_are_dropped() {
    let before = mark();
    let number = RejectionNumber::here(3);
    assert_eq!(number.tag(), 3);
    assert!(since(before, 1).rejected && !since(mark(), 1).rejected);
    drop(number);
    assert!(!since(before, 1).rejected);
}

#[test]
fn rejection_is_known_although_its_error_type_kept_nothing_of_it() {
    let before = mark();
    let number = RejectionNumber::here(1);
    let conversion = number.convert();
    drop(number);
    conversion.end();
    assert!(since(before, 1).rejected);
}

#[test]
fn unknown_number_is_no_rejection_of_any_frame() {
    let before = mark();
    let number = RejectionNumber::unknown(2);
    assert_eq!((number.tag(), since(before, 1).rejected), (2, false));
    let mut frame = Frame::new();
    {
        let _entered = frame.enter();
        drop(number);
    }
    assert!(frame.end().is_none(), "its drop is no message");
}

#[test]
fn other_messages_stay_when_a_rejection_is_dropped() {
    let mut frame = Frame::new();
    let id = {
        let _entered = frame.enter();
        let id = report("no route");
        let number = RejectionNumber::here(1);
        let breaker = crate::breaker::CircuitBreaker::builder("dropped-message")
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
fn outcome_of_a_breaker_is_noted_per_frame() {
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
fn outcomes_outside_of_every_frame_are_kept_for_the_last_eight_breakers() {
    let before = mark();
    let known = |breakers: std::ops::RangeInclusive<usize>| {
        breakers.filter(|b| since(before, *b).recorded).count()
    };
    (1..=8).for_each(record_outcome);
    record_outcome(8);
    assert_eq!(known(1..=8), 8, "the same one takes no second place");
    record_outcome(9);
    assert_eq!(
        (known(1..=1), known(2..=9)),
        (0, 8),
        "the oldest one is forgotten"
    );
}

#[test]
fn pending_error_is_settled_where_no_attempt_follows() {
    let settled = Arc::new(Mutex::new(Vec::new()));
    let hold = || {
        let settled = Arc::clone(&settled);
        crate::event::pending::hold(move |settlement| settled.lock().unwrap().push(settlement))
    };
    let mut frame = Frame::new();
    {
        let _last = enter_attempt(&mut frame, 2, 3, None);
        post_pending(hold());
        assert_eq!(
            settled.lock().unwrap().len(),
            1,
            "no attempt follows the last one"
        );
    }
    {
        let _first = enter_attempt(&mut frame, 0, 3, None);
        post_pending(hold());
        assert_eq!(settled.lock().unwrap().len(), 1);
    }
    assert_eq!(frame.end().unwrap().take_pending().len(), 1);
}

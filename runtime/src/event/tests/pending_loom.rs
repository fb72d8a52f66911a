//! Interleavings of the frame, the sweep of overdue errors and a shutdown, which settle held
//! errors.

use super::*;
use loom::thread;
use std::sync::{Arc, atomic::AtomicUsize};

#[test]
fn loom_frame_sweep_and_shutdown_settle_an_error_once() {
    loom::model(|| {
        let errors = Arc::new(HeldErrors::default());
        // An atomic of std: the count is no part of the model.
        let settled = Arc::new(AtomicUsize::new(0));
        let (start, id) = (Tick::default(), Held(8));
        let count = Arc::clone(&settled);
        let settle = Box::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        assert!(errors.hold_at(start, id, settle));
        let (of_frame, of_sweep) = (Arc::clone(&errors), Arc::clone(&errors));
        let frame = thread::spawn(move || of_frame.settle(id, Settlement::Retried));
        let sweep = thread::spawn(move || of_sweep.settle_overdue_at(start.after(MAX_WAIT)));
        errors.settle_all();
        frame.join().unwrap();
        sweep.join().unwrap();
        assert_eq!(settled.load(Ordering::Relaxed), 1);
        assert!(errors.is_empty());
    });
}

#[test]
fn loom_error_held_during_a_shutdown_is_settled_once() {
    loom::model(|| {
        let errors = Arc::new(HeldErrors::default());
        let settled = Arc::new(AtomicUsize::new(0));
        let id = Held(9);
        let (of_frame, count) = (Arc::clone(&errors), Arc::clone(&settled));
        let frame = thread::spawn(move || {
            let settle = Box::new(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
            });
            assert!(of_frame.hold_at(Tick::default(), id, settle));
            of_frame.settle(id, Settlement::Retried);
        });
        errors.settle_all();
        frame.join().unwrap();
        assert_eq!(settled.load(Ordering::Relaxed), 1);
    });
}

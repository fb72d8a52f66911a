//! Subscribers that fail, and those that call guarded functions.

use super::support::{Spans, failure};
use gardefou::{AppError, retry};
use gardefou_tests::testkit::log::Listener;
use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tracing::{Event, Metadata, Subscriber, span};

#[retry(max_retries = 1, initial_delay = 0, span = true)]
fn call() -> Result<(), AppError> {
    Err(failure("busy"))
}

#[retry(max_retries = 1, initial_delay = 0, span = true)]
async fn call_async() -> Result<(), AppError> {
    Err(failure("busy"))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Callback {
    NewSpan,
    Enter,
    Exit,
    Record,
    Event,
    Close,
    Each,
}

use Callback::{Close, Enter, Exit, NewSpan, Record};

/// Does something in one of its callbacks.
struct Bad {
    at: Callback,
    what: fn(),
    count: Arc<AtomicUsize>,
}

impl Bad {
    fn at(&self, callback: Callback) {
        if callback == self.at || self.at == Callback::Each {
            self.count.fetch_add(1, Ordering::Relaxed);
            (self.what)();
        }
    }
}

impl Subscriber for Bad {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        matches!(metadata.target(), "gardefou::span" | "gardefou::attempt")
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        self.at(NewSpan);
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {
        self.at(Record);
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, _: &Event<'_>) {
        self.at(Callback::Event);
    }
    fn enter(&self, _: &span::Id) {
        self.at(Enter);
    }
    fn exit(&self, _: &span::Id) {
        self.at(Exit);
    }
    fn try_close(&self, _: span::Id) -> bool {
        self.at(Close);
        true
    }
}

const ALL: [Callback; 6] = [NewSpan, Enter, Exit, Record, Callback::Event, Close];

/// Makes calls under such a subscriber; returns how often it did that.
fn calls_under(at: Callback, what: fn()) -> usize {
    let count = Arc::new(AtomicUsize::new(0));
    let bad = Bad {
        at,
        what,
        count: Arc::clone(&count),
    };
    Listener::disabled().listen(|| ());
    tracing::subscriber::with_default(bad, || {
        let blocking = call().unwrap_err();
        assert_eq!(blocking.to_string(), "busy", "{at:?}");
        let mut call = std::pin::pin!(call_async());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let polled = call.as_mut().poll(&mut context);
        assert!(matches!(polled, std::task::Poll::Ready(Err(_))), "{at:?}");
    });
    count.load(Ordering::Relaxed)
}

#[test]
fn panic_of_a_subscriber_does_not_reach_the_call() {
    for at in ALL.into_iter().chain([Callback::Each]) {
        let panicked = calls_under(at, || panic!("subscriber"));
        assert!(panicked >= 2, "{at:?}: {panicked}");
    }
}

#[test]
fn guarded_functions_that_a_subscriber_calls_have_no_span() {
    thread_local! {
        static CALLS: Cell<u32> = const { Cell::new(0) };
    }
    for at in ALL {
        let plain = calls_under(at, || ());
        let nested = calls_under(at, || {
            CALLS.set(CALLS.get() + 1);
            assert!(CALLS.get() < 100, "a loop");
            let _ = call();
        });
        assert_eq!(plain, nested, "{at:?}");
        CALLS.set(0);
    }
}

#[test]
fn subscriber_that_wants_no_spans_gets_nothing() {
    struct Refuses(Arc<AtomicUsize>);
    impl Subscriber for Refuses {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "gardefou::attempt"
        }
        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            panic!("not wanted")
        }
        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        fn enter(&self, _: &span::Id) {}
        fn exit(&self, _: &span::Id) {}
    }
    let events = Arc::new(AtomicUsize::new(0));
    let refuses = Refuses(Arc::clone(&events));
    tracing::subscriber::with_default(refuses, || assert!(call().is_err()));
    assert_eq!(
        events.load(Ordering::Relaxed),
        0,
        "no attempts without their span"
    );
    let (answer, spans) = Spans::of(call);
    assert_eq!((answer.is_err(), spans.len()), (true, 1));
}

/// All but the first callback, so that there is a span.
#[test]
fn subscriber_that_panics_in_several_callbacks_does_not_abort() {
    thread_local! {
        static COUNT: Cell<u32> = const { Cell::new(0) };
    }
    let count = calls_under(Callback::Each, || {
        COUNT.set(COUNT.get() + 1);
        assert!(COUNT.get() == 1, "subscriber");
    });
    assert!(count > 3, "{count}");
}

//! Blocking calls.

use super::support::{Spans, failure, single};
use gardefou::{
    AppError, ErrorCode, circuit_breakers, enhanced_error_handling,
    event::{Event, subscribe},
    retry, timeout, with_circuit_breaker,
};
use std::{
    panic::catch_unwind,
    sync::{Arc, Mutex},
};

const LINE: u32 = line!() + 2;
#[with_circuit_breaker(name = "spans-stock", span = true)]
fn stock(answer: Result<u32, AppError>) -> Result<u32, AppError> {
    tracing::info!("counting");
    answer
}

#[test]
fn span_shows_the_guard_the_function_and_the_outcome() {
    let (answer, spans) = Spans::of(|| stock(Ok(7)));
    assert_eq!(answer.unwrap(), 7);
    let span = single(spans);
    assert_eq!(
        (span.name, &*span.target),
        ("guarded_call", "gardefou::span")
    );
    let fields: Vec<_> = span
        .fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(
        fields,
        [
            ("code.file.path", file!()),
            ("code.function.name", concat!(module_path!(), "::stock")),
            ("code.line.number", &*LINE.to_string()),
            ("guard.kind", "circuit_breaker"),
            ("guard.name", "spans-stock"),
            ("otel.kind", "internal"),
            ("otel.name", "stock"),
            ("outcome", "succeeded"),
        ]
    );
    assert_eq!(span.messages(), ["counting"], "the body runs in the span");
    assert_eq!(span.entered, 1);
}

#[test]
fn failed_call_links_to_its_error() {
    let (answer, spans) = Spans::of(|| stock(Err(failure("no answer"))));
    let (error, span) = (answer.unwrap_err(), single(spans));
    assert_eq!(span.outcome(), "failed");
    assert_eq!(span.fields["error.id"], error.id().to_string());
    assert_eq!(span.fields["error.type"], "EXTERNAL_SERVICE_ERROR");
    assert_eq!(
        span.fields["error.code"],
        ErrorCode::EXTERNAL_SERVICE_ERROR.number().to_string()
    );
    assert_eq!(span.fields["otel.status_code"], "ERROR");
    assert!(
        !format!("{span:?}").contains("no answer"),
        "no text of the error"
    );
}

/// Collects identity and span of the records that a function causes.
fn recorded(run: impl FnOnce()) -> Vec<(String, Option<String>)> {
    let records = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&records);
    let scope = gardefou::testing::Scope::new();
    scope.run(|| {
        let _subscription = subscribe(move |event: &Event<'_>| {
            if let (Event::Error(_), Some(record)) = (event, event.record()) {
                let span = record
                    .context
                    .as_ref()
                    .and_then(|context| context.span.clone());
                seen.lock().unwrap().push((record.id.to_string(), span));
            }
        });
        run();
    });
    std::mem::take(&mut *records.lock().unwrap())
}

#[derive(Debug, thiserror::Error)]
#[error("disk full")]
struct DiskFull;

#[retry(max_retries = 0, span = true)]
#[enhanced_error_handling]
fn save() -> Result<(), DiskFull> {
    Err(DiskFull)
}

#[enhanced_error_handling(span = true)]
fn load() -> Result<(), AppError> {
    Err(failure("not there"))
}

#[test]
fn span_and_record_of_an_error_link_to_each_other() {
    for run in [|| drop(save()), || drop(load())] {
        let mut records = Vec::new();
        let ((), spans) = Spans::of(|| records = recorded(run));
        let span = single(spans);
        let id = span.fields["error.id"].clone();
        assert_eq!(records, [(id, Some("guarded_call".to_owned()))]);
    }
}

#[test]
fn error_without_an_identity_shows_its_type() {
    #[retry(max_retries = 0, span = true)]
    fn plain() -> Result<(), std::num::ParseIntError> {
        "x".parse::<u8>().map(drop)
    }
    let span = single(Spans::of(plain).1);
    assert_eq!(span.outcome(), "failed");
    assert!(!span.fields.contains_key("error.id"));
    assert_eq!(span.fields["error.type"], "core::num::error::ParseIntError");
}

#[test]
fn rejected_call_has_a_span_with_the_identity_of_the_opening() {
    #[with_circuit_breaker(name = "spans-rejected", span = true)]
    fn call() -> Result<(), AppError> {
        tracing::info!("ran");
        Ok(())
    }
    call().unwrap();
    circuit_breakers()
        .get("spans-rejected")
        .unwrap()
        .force_open();
    let (answer, spans) = Spans::of(call);
    let (error, span) = (answer.unwrap_err(), single(spans));
    assert_eq!((span.outcome(), span.messages().len()), ("rejected", 0));
    assert_eq!(span.fields["error.id"], error.id().to_string());
    assert_eq!(span.fields["otel.status_code"], "ERROR");
}

#[test]
fn panic_ends_the_span_and_goes_on() {
    #[timeout("1h", span = true)]
    fn explode() -> Result<(), AppError> {
        panic!("boom")
    }
    let (caught, spans) = Spans::of(|| catch_unwind(|| explode().is_ok()));
    let payload = caught.unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"boom"));
    let span = single(spans);
    assert_eq!(
        (span.outcome(), &*span.fields["error.type"]),
        ("panicked", "PANIC_ERROR")
    );
}

#[test]
fn call_inside_of_an_unwinding_thread_has_its_own_outcome() {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            let _ = stock(Ok(1));
        }
    }
    let (caught, spans) = Spans::of(|| {
        catch_unwind(|| {
            let _late = Late;
            panic!("elsewhere")
        })
    });
    let caught: std::thread::Result<()> = caught;
    assert!(caught.is_err());
    assert_eq!(single(spans).outcome(), "succeeded");
}

#[test]
fn nested_guards_are_parent_and_child() {
    #[with_circuit_breaker(name = "spans-outer", span = true)]
    fn outer() -> Result<u32, AppError> {
        let inner = inner()?;
        tracing::info!("after");
        Ok(inner)
    }
    #[timeout("1h", name = "spans-inner", span = true)]
    fn inner() -> Result<u32, AppError> {
        tracing::info!("inside");
        Ok(3)
    }
    let (_, spans) = Spans::of(|| {
        let _request = tracing::info_span!("request").entered();
        outer().unwrap();
    });
    let [request, outer, inner] = &spans[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!(
        (request.parent, outer.parent, inner.parent),
        (None, Some(0), Some(1))
    );
    assert_eq!(
        (outer.messages(), inner.messages()),
        (vec!["after"], vec!["inside"])
    );
    assert_eq!(inner.fields["guard.name"], "spans-inner");
}

#[test]
fn functions_that_do_not_ask_have_no_span() {
    #[with_circuit_breaker(name = "spans-none")]
    #[retry(max_retries = 1, initial_delay = 0, span = false)]
    fn none() -> Result<(), AppError> {
        Err(failure("busy"))
    }
    let (_, spans) = Spans::of(none);
    assert_eq!(spans, []);
}

#[test]
fn arguments_are_moved_borrowed_and_dropped_as_without_a_span() {
    struct Loud<'a>(&'a str, &'a Mutex<Vec<String>>);
    impl Drop for Loud<'_> {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(self.0.to_owned());
        }
    }
    struct Shelf(Vec<u32>);
    impl Shelf {
        #[with_circuit_breaker(name = "spans-shelf", span = true)]
        fn put(
            &mut self,
            mut number: u32,
            first: Loud<'_>,
            _second: Loud<'_>,
        ) -> Result<usize, AppError> {
            number += 1;
            self.0.push(number);
            drop(first);
            Ok(self.0.len())
        }
    }
    let (order, mut shelf) = (Mutex::new(Vec::new()), Shelf(Vec::new()));
    let put = |shelf: &mut Shelf| shelf.put(4, Loud("first", &order), Loud("second", &order));
    let (answer, spans) = Spans::of(|| put(&mut shelf));
    assert_eq!((answer.unwrap(), &*shelf.0, spans.len()), (1, &[5][..], 1));
    assert_eq!(*order.lock().unwrap(), ["first", "second"]);
}

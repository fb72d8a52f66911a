//! The runtime of the spans of guarded functions: of the key `span` of attributes, and of
//! configurations.

use super::{Conversion, Guarded, Shape};
#[cfg(all(feature = "async", feature = "config-spans"))]
use crate::error::Rejection;
#[cfg(feature = "config-spans")]
use crate::span::SpanInPlace;
use crate::{
    boundary::Operation,
    error::View,
    guarded::ShownNames,
    span::{self, ActiveSpan, Begin, Traced, Viewing},
};
#[cfg(feature = "config")]
use crate::{
    guarded::sections,
    overrides::{SPAN, SiteFlag},
};
use std::sync::OnceLock;

/// The span of the calls of one site.
#[derive(Debug)]
pub struct SpanSite {
    /// The kind of the guard.
    guard: &'static str,
    operation: Operation<'static>,
    is_on: bool,
    /// The name of the guard, where it has one of its own.
    name: Option<fn() -> &'static str>,
    shown: OnceLock<ShownNames>,
    #[cfg(feature = "config")]
    configured: SiteFlag,
}

impl SpanSite {
    /// Makes the span of a guard of this kind; `is_on` is the value of the key.
    #[must_use]
    pub const fn new(guard: &'static str, operation: Operation<'static>, is_on: bool) -> Self {
        Self {
            guard,
            operation,
            is_on,
            name: None,
            shown: OnceLock::new(),
            #[cfg(feature = "config")]
            configured: SiteFlag::new(),
        }
    }

    /// Sets the name of the guard, in place of the function's.
    #[must_use]
    pub const fn name(mut self, name: fn() -> &'static str) -> Self {
        self.name = Some(name);
        self
    }

    #[inline]
    fn is_on(&self) -> bool {
        #[cfg(feature = "config")]
        {
            let own = || self.name.map(|name| name());
            let sections = || sections(self.guard, own(), self.operation.name());
            if let Some(is_on) = self.configured.get(SPAN, sections) {
                return is_on;
            }
        }
        self.is_on
    }

    #[cold]
    fn begin_now(&self) -> Option<ActiveSpan> {
        let shown = self.shown.get_or_init(|| {
            let name = self.name.map_or(self.operation.name(), |name| name());
            ShownNames::new(&self.operation, name)
        });
        shown.begin(&self.operation, self.guard)
    }
}

impl Begin for &'static SpanSite {
    #[inline]
    fn begin(&self) -> Option<ActiveSpan> {
        if self.is_on() { self.begin_now() } else { None }
    }
}

/// Views errors by what is known of their type.
#[derive(Clone, Copy, Debug)]
pub struct ViewByShape<S>(S);

impl<E, S: Shape<E>> Viewing<E> for ViewByShape<S> {
    fn view<'a>(&'a self, error: &'a E) -> View<'a> {
        self.0.view(error)
    }
}

/// Makes a blocking call in its span, if it has one.
///
/// # Errors
///
/// That of the call.
#[inline]
pub fn run_traced<A, R, C: Conversion<R>, S: Shape<C::Error>>(
    conversion: C,
    site: &'static SpanSite,
    shape: S,
    arguments: A,
    body: impl FnOnce(A) -> R,
) -> Result<C::Value, C::Error> {
    let call = || conversion.result(body(arguments));
    match site.begin() {
        None => call(),
        Some(active) => span::run(active, &ViewByShape(shape), call),
    }
}

/// Makes the future of a call in its span, if it has one.
#[inline]
pub fn traced<F: Future<Output = Result<T, E>>, T, E, S: Shape<E>>(
    site: &'static SpanSite,
    shape: S,
    future: F,
) -> Traced<F, &'static SpanSite, ViewByShape<S>> {
    Traced::new(future, site, ViewByShape(shape))
}

/// The span of one call of a function without the key, if a configuration requests one. Without the
/// feature `config-spans` there is nothing.
#[derive(Debug)]
#[must_use]
pub struct CallSpan {
    /// Boxed, so that a future has little room for it.
    #[cfg(feature = "config-spans")]
    in_place: Option<Box<SpanInPlace>>,
}

impl CallSpan {
    /// Makes the blocking call whose span this is.
    #[inline(always)]
    pub(super) fn run<T, E, S: Shape<E>>(
        &mut self,
        shape: S,
        call: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        #[cfg(feature = "config-spans")]
        if let Some(in_place) = self.in_place.as_deref_mut() {
            return run_in_place(in_place, shape, call);
        }
        #[cfg(not(feature = "config-spans"))]
        let _ = shape;
        call()
    }
}

#[cfg(feature = "config-spans")]
#[cold]
#[inline(never)]
fn run_in_place<T, E, S: Shape<E>>(
    span: &mut SpanInPlace,
    shape: S,
    call: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let outcome = call();
    span.note(outcome.as_ref().err().map(|error| shape.view(error)));
    outcome
}

/// Begins the span of a call, and enters it until the result is dropped. Each `.await` until then
/// goes through one of the functions below.
#[inline(always)]
pub fn begin_span(guarded: &'static Guarded) -> CallSpan {
    #[cfg(feature = "config-spans")]
    let in_place = guarded
        .configured_span()
        .map(|active| Box::new(SpanInPlace::enter(active)));
    #[cfg(not(feature = "config-spans"))]
    let _ = guarded;
    CallSpan {
        #[cfg(feature = "config-spans")]
        in_place,
    }
}

/// Returns a future in the span of its call, which the function itself ends.
#[cfg(all(feature = "async", feature = "config-spans"))]
#[inline(always)]
pub const fn in_span<F: Future>(
    span: &mut CallSpan,
    future: F,
) -> span::InSpan<'_, F, span::Unseen> {
    span::InSpan::new(&mut span.in_place, future, span::Unseen)
}

/// Returns a future in the span of its call, which ends with it.
#[cfg(all(feature = "async", feature = "config-spans"))]
#[inline(always)]
pub const fn call_in_span<T, E, S: Shape<E>, F: Future<Output = Result<T, E>>>(
    span: &mut CallSpan,
    shape: S,
    future: F,
) -> span::InSpan<'_, F, ViewByShape<S>> {
    span::InSpan::new(&mut span.in_place, future, ViewByShape(shape))
}

/// Returns a future in the span of its call, which ends with it, unless it is rejected.
#[cfg(all(feature = "async", feature = "config-spans"))]
#[inline(always)]
pub const fn wrap_in_span<T, E, S, F>(
    span: &mut CallSpan,
    shape: S,
    future: F,
) -> span::InSpan<'_, F, Wrapped<S>>
where
    S: Shape<E>,
    F: Future<Output = Result<Result<T, E>, Rejection>>,
{
    span::InSpan::new(&mut span.in_place, future, Wrapped(shape))
}

#[cfg(all(feature = "async", feature = "config-spans"))]
impl<T, E, S: Shape<E>> span::Seen<Result<T, E>> for ViewByShape<S> {
    fn note(&self, output: &Result<T, E>, note: impl FnOnce(Option<View<'_>>)) {
        note(output.as_ref().err().map(|error| self.view(error)));
    }
}

/// Views the errors of a call that a policy may reject.
#[cfg(all(feature = "async", feature = "config-spans"))]
#[derive(Clone, Copy, Debug)]
pub struct Wrapped<S>(S);

#[cfg(all(feature = "async", feature = "config-spans"))]
impl<T, E, S: Shape<E>> span::Seen<Result<Result<T, E>, Rejection>> for Wrapped<S> {
    fn note(&self, output: &Result<Result<T, E>, Rejection>, note: impl FnOnce(Option<View<'_>>)) {
        if let Ok(Err(error)) = output {
            note(Some(self.0.view(error)));
        }
    }
}

/// Returns the future: there are no spans.
#[cfg(all(feature = "async", not(feature = "config-spans")))]
#[inline(always)]
pub fn in_span<F: Future>(_: &mut CallSpan, future: F) -> F {
    future
}

/// Returns the future: there are no spans.
#[cfg(all(feature = "async", not(feature = "config-spans")))]
#[inline(always)]
pub fn call_in_span<S, F: Future>(_: &mut CallSpan, _: S, future: F) -> F {
    future
}

/// Returns the future: there are no spans.
#[cfg(all(feature = "async", not(feature = "config-spans")))]
#[inline(always)]
pub fn wrap_in_span<S, F: Future>(_: &mut CallSpan, _: S, future: F) -> F {
    future
}

/// Notes in the span of a call what the call returns, where nothing else sees it.
#[inline(always)]
pub fn note_in_span<R, C: Conversion<R>, S: Shape<C::Error>>(
    conversion: C,
    returned: R,
    span: &mut CallSpan,
    shape: S,
) -> R {
    #[cfg(feature = "config-spans")]
    if let Some(in_place) = span.in_place.as_deref_mut() {
        let outcome = run_in_place(in_place, shape, || conversion.result(returned));
        return conversion.returned(outcome);
    }
    #[cfg(not(feature = "config-spans"))]
    let _ = (conversion, span, shape);
    returned
}

/// Makes a blocking call, in its span if a configuration requests one.
///
/// # Errors
///
/// That of the call.
#[inline(always)]
pub(super) fn switched<T, E, S: Shape<E>>(
    guarded: &'static Guarded,
    shape: S,
    call: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    #[cfg(feature = "config-spans")]
    if let Some(active) = guarded.configured_span() {
        return run_switched(active, shape, call);
    }
    #[cfg(not(feature = "config-spans"))]
    let _ = (guarded, shape);
    call()
}

// Apart from the call without a span, which has nothing of this on its way.
#[cfg(feature = "config-spans")]
#[cold]
#[inline(never)]
fn run_switched<T, E, S: Shape<E>>(
    active: ActiveSpan,
    shape: S,
    call: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    span::run(active, &ViewByShape(shape), call)
}

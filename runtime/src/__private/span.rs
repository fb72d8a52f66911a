//! The runtime of the key `span` of attributes.

use super::{Conversion, Shape};
#[cfg(feature = "config")]
use crate::overrides::SiteFlag;
use crate::{
    boundary::Operation,
    error::{View, redact},
    span::{self, ActiveSpan, Begin, Function, Subject, Traced, Viewing},
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
    shown: OnceLock<Shown>,
    #[cfg(feature = "config")]
    configured: SiteFlag,
}

/// The texts of the span, as they are shown.
#[derive(Debug)]
struct Shown {
    name: Box<str>,
    path: Box<str>,
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
        if let Some(is_on) = self.configured.get("span", || self.sections()) {
            return is_on;
        }
        self.is_on
    }

    /// Returns the sections of a configuration that can set it, each with the name of the guard: the
    /// first one that does counts.
    #[cfg(feature = "config")]
    fn sections(&self) -> [Option<(&'static str, &'static str)>; 2] {
        let own = self.name.map(|name| name());
        let function = self.operation.name();
        let named = own.unwrap_or(function);
        match self.guard {
            "circuit_breaker" => [Some(("breaker", named)), None],
            // The retry of both has the name of the function.
            "retry_with_circuit_breaker" => [Some(("retry", function)), Some(("breaker", named))],
            "retry" => [Some(("retry", named)), None],
            "timeout" => [Some(("timeout", named)), None],
            "hedge" => [Some(("hedge", named)), None],
            // Those that an attribute makes for its function alone are not configured.
            "bulkhead" => [own.map(|name| ("bulkhead", name)), None],
            "rate_limit" => [own.map(|name| ("rate_limit", name)), None],
            _ => [None, None],
        }
    }

    fn shown(&self) -> &Shown {
        self.shown.get_or_init(|| {
            let (function, module) = (self.operation.name(), self.operation.component());
            let name = self.name.map_or(function, |name| name());
            Shown {
                name: redact::name(name).into(),
                path: format!("{module}::{function}").into(),
            }
        })
    }

    #[cold]
    fn begin_now(&self) -> Option<ActiveSpan> {
        let shown = self.shown();
        ActiveSpan::begin(Subject {
            guard: self.guard,
            name: &shown.name,
            function: Some(Function {
                name: self.operation.name(),
                path: &shown.path,
                file: self.operation.file(),
                line: self.operation.line(),
            }),
            attempts_of: match self.guard {
                "retry" | "retry_with_circuit_breaker" => Some("retry"),
                "hedge" => Some("hedge"),
                _ => None,
            },
        })
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

//! The runtime of `#[with_circuit_breaker]`.

use super::{CallSpan, Conversion, Guarded, OfSite, Shape, span::switched};
use crate::{
    boundary::{Recognised, Report, Then},
    breaker::{Admitted, CircuitBreaker, Classifier, Refused, circuit_breakers},
    chaos,
    classify::Verdict,
    error::{AppError, ConfigError, ErrorCode, Rejection, View},
    keyed::Keyed,
    retry::Run,
};
use std::fmt::{self, Write};

impl OfSite for CircuitBreaker {
    fn declared(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>> {
        let builder = guarded.breaker_builder()?;
        Some(circuit_breakers().get_or_build(builder))
    }

    /// The defaults, under the name of the function.
    fn otherwise(guarded: &'static Guarded) -> Self {
        let by_name = circuit_breakers().get_or_create(guarded.name(), |builder| builder);
        by_name
            .or_else(|_| Self::builder("misconfigured").build())
            .expect("the defaults are valid")
    }

    fn keep(&self) {
        Self::keep(self);
    }
}

impl OfSite for Keyed<CircuitBreaker> {
    fn declared(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>> {
        let builder = guarded.breaker_builder()?;
        Some(circuit_breakers().get_or_build_keyed(builder))
    }

    /// The defaults, under the name of the function.
    fn otherwise(guarded: &'static Guarded) -> Self {
        let by_name = circuit_breakers().get_or_create_keyed(guarded.name(), |builder| builder);
        by_name
            .or_else(|_| CircuitBreaker::builder("misconfigured").build_keyed())
            .expect("the defaults are valid")
    }
}

/// Makes a call, or the answer to its rejection.
#[inline(always)]
pub fn call_guarded<A, R, C: Conversion<R>, J: Classifier<Result<C::Value, C::Error>>>(
    conversion: C,
    breaker: &CircuitBreaker,
    classifier: J,
    arguments: A,
    f: impl FnOnce(A) -> R,
    reject: impl FnOnce(Rejection) -> Result<C::Value, C::Error>,
) -> R {
    conversion.returned(breaker.call_or(classifier, || conversion.result(f(arguments)), reject))
}

/// As [`call_guarded`], in a span if a configuration requests one.
#[inline(always)]
pub fn call_switched<A, R, C, J, S>(
    conversion: C,
    (guarded, breaker): (&'static Guarded, &CircuitBreaker),
    (classifier, shape): (J, S),
    arguments: A,
    f: impl FnOnce(A) -> R,
    reject: impl FnOnce(Rejection) -> Result<C::Value, C::Error>,
) -> R
where
    C: Conversion<R>,
    J: Classifier<Result<C::Value, C::Error>>,
    S: Shape<C::Error>,
{
    let call = || breaker.call_or(classifier, || conversion.result(f(arguments)), reject);
    conversion.returned(switched(guarded, shape, call))
}

/// Admits a blocking call that is an attempt of a retry.
///
/// # Errors
///
/// The rejection of an open circuit.
#[inline(always)]
pub fn admit_attempt_blocking<'b>(
    breaker: &'b CircuitBreaker,
    run: &Run<'_>,
) -> Result<Admitted<'b>, Refused<'b>> {
    if chaos::is_on()
        && let Err(injected) = run.inject_blocking()
    {
        return Err(breaker.refuse(injected));
    }
    breaker.admit_blocking()
}

/// Admits an async call that is an attempt of a retry. A call that gets a fault of the retry gets
/// none of the breaker.
///
/// # Errors
///
/// The rejection of an open circuit.
#[cfg(feature = "async")]
#[inline(always)]
pub fn admit_attempt<'b>(
    breaker: &'b CircuitBreaker,
    run: &Run<'_>,
) -> Result<Admitted<'b>, Refused<'b>> {
    if chaos::is_on() {
        return match run.inject() {
            Ok(ahead) => breaker.admit_after(ahead),
            Err(injected) => Err(breaker.refuse(injected)),
        };
    }
    breaker.admit()
}

/// Makes a call that was admitted.
///
/// # Errors
///
/// That of the call.
#[inline(always)]
pub fn run_admitted<A, R, C: Conversion<R>, J: Classifier<Result<C::Value, C::Error>>>(
    conversion: C,
    admitted: Admitted<'_>,
    classifier: J,
    arguments: A,
    f: impl FnOnce(A) -> R,
) -> Result<C::Value, C::Error> {
    admitted.run(classifier, || conversion.result(f(arguments)))
}

/// As [`run_admitted`], in the span of the call if it has one.
///
/// # Errors
///
/// That of the call.
#[inline(always)]
pub fn run_admitted_in_span<A, R, C, J, S>(
    conversion: C,
    span: &mut CallSpan,
    admitted: Admitted<'_>,
    (classifier, shape): (J, S),
    arguments: A,
    f: impl FnOnce(A) -> R,
) -> Result<C::Value, C::Error>
where
    C: Conversion<R>,
    J: Classifier<Result<C::Value, C::Error>>,
    S: Shape<C::Error>,
{
    let call = || admitted.run(classifier, || conversion.result(f(arguments)));
    span.run(shape, call)
}

/// Reports that the configuration of an attribute, of which not all is known at compile time, is
/// invalid.
#[cold]
pub(super) fn report_config(guarded: &Guarded, problem: &ConfigError) {
    let place = format!("{}:{}", guarded.file(), guarded.line());
    let error = AppError::new(
        ErrorCode::CONFIG_ERROR,
        format!(
            "#[{}] on `{}` runs with its defaults: {problem}",
            guarded.attribute(),
            guarded.name()
        ),
    );
    let error = error.with_detail("declared_at", place);
    let report = Report::new(View::from_app(&error), guarded.operation());
    report
        .without_location()
        .send(Recognised::default(), Then::Ends);
}

/// Classifies by what is known of an error.
#[derive(Clone, Copy, Debug)]
pub struct ByShape<S>(pub S);

impl<T, E, S: Shape<E>> Classifier<Result<T, E>> for ByShape<S> {
    #[inline(always)]
    fn verdict(&self, outcome: &Result<T, E>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(error) => self.0.view(error).classified().verdict(),
        }
    }

    fn write_cause(&self, outcome: &Result<T, E>, out: &mut dyn Write) -> fmt::Result {
        match outcome {
            Ok(_) => Ok(()),
            Err(error) => write!(out, "{}", self.0.seen(error)),
        }
    }
}

/// Classifies by the user's predicate.
struct ByUser<S, F>(S, F);

/// Makes a classifier of a `failure_if`.
#[inline(always)]
pub fn failure_if<R, C: Conversion<R>, S: Shape<C::Error>>(
    conversion: C,
    shape: S,
    failure_if: impl Fn(&R) -> bool,
) -> impl Classifier<Result<C::Value, C::Error>> {
    ByUser(shape, move |result: &Result<C::Value, C::Error>| {
        failure_if(conversion.shown(result))
    })
}

impl<T, E, S: Shape<E>, F: Fn(&Result<T, E>) -> bool> Classifier<Result<T, E>> for ByUser<S, F> {
    #[inline]
    fn verdict(&self, outcome: &Result<T, E>) -> Verdict {
        if (self.1)(outcome) {
            Verdict::Failure
        } else {
            Verdict::Success
        }
    }

    fn write_cause(&self, outcome: &Result<T, E>, out: &mut dyn Write) -> fmt::Result {
        ByShape(self.0).write_cause(outcome, out)
    }
}

/// Classifiers as another classifier does, except for what a predicate of the user's takes out.
struct Except<J, F>(J, F);

/// Makes a classifier of an `ignore_if`.
#[inline(always)]
pub fn ignore_if<R, C: Conversion<R>, J: Classifier<Result<C::Value, C::Error>>>(
    conversion: C,
    classifier: J,
    ignore_if: impl Fn(&R) -> bool,
) -> impl Classifier<Result<C::Value, C::Error>> {
    Except(classifier, move |result: &Result<C::Value, C::Error>| {
        ignore_if(conversion.shown(result))
    })
}

impl<T, E, J: Classifier<Result<T, E>>, F: Fn(&Result<T, E>) -> bool> Classifier<Result<T, E>>
    for Except<J, F>
{
    #[inline]
    fn verdict(&self, outcome: &Result<T, E>) -> Verdict {
        if (self.1)(outcome) {
            Verdict::Ignored
        } else {
            self.0.verdict(outcome)
        }
    }

    fn write_cause(&self, outcome: &Result<T, E>, out: &mut dyn Write) -> fmt::Result {
        self.0.write_cause(outcome, out)
    }
}

/// Calls what stands in for the function while the circuit is open.
#[inline]
pub fn fallback<R>(rejection: Rejection, fallback: impl FnOnce(Rejection) -> R) -> R {
    fallback(rejection)
}

/// The classifier by the shape of a return type's error.
#[doc(hidden)]
#[macro_export]
macro_rules! __gardefou_classifier {
    ($conversion:expr, $returns:ty) => {
        $crate::__private::ByShape($crate::__private::shape!($conversion, $returns))
    };
}

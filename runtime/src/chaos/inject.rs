//! Injection: what a guard calls right before it runs its operation.

pub(crate) use super::rules::is_on;
#[cfg(feature = "async")]
use super::{
    After, Faulty,
    future::{self, Delay},
};
use super::{
    fault::Fault,
    rules::{Drawn, draw},
};
use crate::{
    call,
    error::{ErrorCode, Policy, Rejection, Rejector, redact},
    event::names::TARGET_CHAOS,
    time::SharedClock,
};
#[cfg(feature = "async")]
use std::pin::Pin;
use std::{sync::Arc, time::Duration};

/// How long blocking code hangs that has no deadline.
const LONGEST_HANG: Duration = Duration::from_secs(30);

/// The rejection of a call in whose place a fault was injected. Boxed: it stands in a `Result`
/// beside values that are to stay in registers.
pub(crate) type Refusal = Box<Rejection>;

pub(crate) fn refusal(injected: Rejection) -> Refusal {
    Box::new(injected)
}

#[expect(clippy::boxed_local, reason = "without the feature it is no box")]
pub(crate) fn rejection_of(refusal: Refusal) -> Rejection {
    *refusal
}

/// Injects the fault of a blocking call, if it gets one.
///
/// # Errors
///
/// An injected error, as a rejection whose function ran.
///
/// # Panics
///
/// An injected panic.
#[inline(always)]
pub(crate) fn blocking(
    policy: Option<Policy>,
    name: &str,
    clock: &SharedClock,
) -> Result<(), Rejection> {
    if is_on() {
        blocking_as(policy, name, clock, Ok)
    } else {
        Ok(())
    }
}

/// As [`blocking`], where the rejection becomes an error, or is given back if the type of errors
/// cannot carry it. Nothing is injected then.
#[inline(always)]
pub(crate) fn blocking_as<E>(
    policy: Option<Policy>,
    name: &str,
    clock: &SharedClock,
    carry: impl FnOnce(Rejection) -> Result<E, Rejection>,
) -> Result<(), E> {
    if is_on()
        && let Some(drawn) = draw(policy, name)
    {
        drawn.block(clock, carry)
    } else {
        Ok(())
    }
}

/// What an async call awaits before its operation: a delay, a hang or a panic.
#[cfg(feature = "async")]
#[derive(Default)]
pub(crate) struct Ahead(pub(super) Option<Delay>);

/// Without async calls there is nothing to await.
#[cfg(not(feature = "async"))]
#[derive(Debug, Default)]
pub(crate) struct Ahead(());

#[cfg(feature = "async")]
impl Ahead {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    #[inline]
    pub(crate) fn before<F>(self, operation: F) -> After<F> {
        After::new(self.0, operation)
    }
}

/// Puts what a call gets ahead of an operation that was not polled yet.
#[cfg(feature = "async")]
#[inline]
pub(crate) fn put_ahead<F>(operation: Pin<&mut After<F>>, ahead: Ahead) {
    operation.put(ahead.0);
}

/// Draws the fault of an async call.
///
/// # Errors
///
/// An injected error.
#[cfg(feature = "async")]
#[inline(always)]
pub(crate) fn begin(
    policy: Option<Policy>,
    name: &str,
    clock: &SharedClock,
) -> Result<Ahead, Rejection> {
    if is_on() {
        begin_as(policy, name, clock, Ok)
    } else {
        Ok(Ahead::default())
    }
}

/// As [`begin`], where the rejection becomes an error as in [`blocking_as`].
#[cfg(feature = "async")]
#[inline]
pub(crate) fn begin_as<E>(
    policy: Option<Policy>,
    name: &str,
    clock: &SharedClock,
    carry: impl FnOnce(Rejection) -> Result<E, Rejection>,
) -> Result<Ahead, E> {
    if is_on()
        && let Some(drawn) = draw(policy, name)
    {
        drawn.begin(clock, carry)
    } else {
        Ok(Ahead::default())
    }
}

/// Makes the future of an async call whose injected error is one of its own.
#[cfg(feature = "async")]
#[inline(always)]
pub(crate) fn faulty<F, E>(
    policy: Option<Policy>,
    name: &str,
    clock: &SharedClock,
    carry: impl FnOnce(Rejection) -> Result<E, Rejection>,
    operation: impl FnOnce() -> F,
) -> Faulty<F, E> {
    match begin_as(policy, name, clock, carry) {
        Ok(ahead) => Faulty::new(ahead.before(operation())),
        Err(error) => Faulty::failed(error),
    }
}

impl Drawn {
    #[cold]
    fn block<E>(
        self,
        clock: &SharedClock,
        carry: impl FnOnce(Rejection) -> Result<E, Rejection>,
    ) -> Result<(), E> {
        match self.fault {
            Fault::Error(code) => self.fail(code, carry),
            Fault::Latency(delay) => {
                self.note();
                clock.or_current().sleep(delay);
                Ok(())
            }
            Fault::Hang => match carry(self.rejection(ErrorCode::TIMEOUT_ERROR)) {
                Ok(error) => {
                    self.note();
                    let limit = call::remaining().unwrap_or(LONGEST_HANG);
                    clock.or_current().sleep(limit);
                    Err(error)
                }
                Err(_) => {
                    self.note_not_carried();
                    Ok(())
                }
            },
            Fault::Panic => {
                self.note();
                self.panic()
            }
        }
    }

    #[cfg(feature = "async")]
    #[cold]
    fn begin<E>(
        self,
        clock: &SharedClock,
        carry: impl FnOnce(Rejection) -> Result<E, Rejection>,
    ) -> Result<Ahead, E> {
        if let Fault::Error(code) = self.fault {
            return self.fail(code, carry).map(|()| Ahead::default());
        }
        self.note();
        Ok(Ahead(Some(future::delay(self, clock.or_current()))))
    }

    fn fail<E>(
        &self,
        code: ErrorCode,
        carry: impl FnOnce(Rejection) -> Result<E, Rejection>,
    ) -> Result<(), E> {
        match carry(self.rejection(code)) {
            Ok(error) => {
                self.note();
                Err(error)
            }
            Err(_) => {
                self.note_not_carried();
                Ok(())
            }
        }
    }

    fn rejection(&self, code: ErrorCode) -> Rejection {
        let rule: Arc<dyn Rejector> = Arc::<super::rule::Rule>::clone(&self.rule);
        Rejection::new(Policy::Chaos, code, rule, self.index, None)
    }

    pub(super) fn panic(&self) -> ! {
        panic!(
            "panic injected by chaos at `{}`",
            redact::name(&self.rule.config.name)
        )
    }

    /// Counts and logs the fault.
    fn note(&self) {
        self.rule.count(self.fault);
        let name = redact::name(&self.rule.config.name);
        let name = &*name;
        tracing::event!(
            target: TARGET_CHAOS,
            tracing::Level::DEBUG,
            chaos.guard = name,
            chaos.fault = %self.fault,
            chaos.call = self.index,
            "fault injected by chaos at `{name}`: {}",
            self.fault
        );
    }

    /// Logs once for each rule that an error cannot be injected.
    fn note_not_carried(&self) {
        if self.rule.warns() {
            let name = redact::name(&self.rule.config.name);
            let name = &*name;
            tracing::event!(
                target: TARGET_CHAOS,
                tracing::Level::WARN,
                chaos.guard = name,
                chaos.fault = %self.fault,
                "chaos cannot inject errors at `{name}`: the type of its errors has no `From<Rejection>` that the guard knows of"
            );
        }
    }
}

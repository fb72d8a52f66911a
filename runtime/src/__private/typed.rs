//! Values of attributes that are not literals, each with the type it must have: a mismatch is
//! reported at the user's own tokens.

use crate::{
    breaker::ManualControl,
    event::{BreakerEvent, LogLevel},
    rate_limit::RateSetting,
    retry::FailedAttempt,
};
use std::time::Duration;

/// Takes a name.
#[inline(always)]
pub const fn text(value: &'static str) -> &'static str {
    value
}

/// Takes a count.
#[inline(always)]
pub const fn count(value: u32) -> u32 {
    value
}

/// Takes a count of at least 1; evaluated while compiling, where the panic is the message.
#[inline(always)]
#[track_caller]
pub const fn at_least_one(value: u32) -> u32 {
    assert!(value >= 1, "the value must be at least 1");
    value
}

/// Takes a factor, rate or fraction.
#[inline(always)]
pub const fn number(value: f64) -> f64 {
    value
}

/// Takes the rate of a limiter.
#[inline(always)]
pub fn rate(value: impl Into<RateSetting>) -> RateSetting {
    value.into()
}

/// Takes the seed of a generator of random numbers.
#[inline(always)]
pub const fn seed(value: u64) -> u64 {
    value
}

/// Takes a duration.
#[inline(always)]
pub const fn duration(value: Duration) -> Duration {
    value
}

/// A callback whose type is known, so that one of another signature is reported once.
type Callback = Box<dyn Fn(&FailedAttempt<'_>) + Send + Sync>;

/// Takes the callback for each failed attempt.
#[inline(always)]
pub fn on_retry(callback: impl Fn(&FailedAttempt<'_>) + Send + Sync + 'static) -> Callback {
    Box::new(callback)
}

/// Takes the callback for the last failed attempt.
#[inline(always)]
pub fn on_give_up(callback: impl Fn(&FailedAttempt<'_>) + Send + Sync + 'static) -> Callback {
    Box::new(callback)
}

/// Takes a switch for several breakers.
#[inline(always)]
pub const fn control(control: &ManualControl) -> &ManualControl {
    control
}

/// Takes the callback for each change of a breaker's state.
#[inline(always)]
pub fn on_transition(
    callback: impl Fn(&BreakerEvent<'_>) + Send + Sync + 'static,
) -> Box<dyn Fn(&BreakerEvent<'_>) + Send + Sync> {
    Box::new(callback)
}

/// Takes a level.
#[inline(always)]
pub const fn log_level(value: LogLevel) -> LogLevel {
    value
}

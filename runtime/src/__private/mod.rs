//! Items that generated code names; no part of the public interface.

mod audit;
pub mod boundary;
mod breaker;
mod budget;
mod call;
mod carry;
mod fallback;
mod handling;
mod hedge;
#[cfg(feature = "chaos")]
mod injectable;
mod retry;
mod returns;
mod shape;
mod site;
mod span;
pub mod typed;
mod wrap;

pub use crate::{
    boundary::{Operation, Then},
    breaker::CircuitBreaker,
    bulkhead::Bulkhead,
    error::standard,
    event::LogLevel,
    hedge::Hedge,
    keyed::Keyed,
    rate_limit::{Rate, RateLimiter},
    retry::{Jitter, Next, Retry, RetryBudget, Run},
    timeout::Timeout,
};
pub use audit::{Audit, Audited, User, run_audited};
pub use breaker::{
    ByShape, call_guarded, call_switched, failure_if, fallback, ignore_if, run_admitted,
    run_admitted_in_span,
};
pub use budget::{ByKey, budgets, own_budgets};
pub use call::{Missing, call, call_with, default_value, missing, never, unguarded};
pub use carry::{Carried, carrying, rejecting};
pub use core::{
    clone::Clone,
    concat, file, line, module_path,
    ops::ControlFlow,
    option::Option::{self, None, Some},
    pin::Pin,
    result::Result::{Err, Ok},
};
pub use fallback::{
    AsFunction, AsValue, Named, Started, every, named, recover, recovered, recovering, replace,
    run_with, start,
};
pub use handling::{Captured, Entered, Handling, catch, catch_async};
#[cfg(feature = "async")]
pub use hedge::run_hedged;
#[cfg(feature = "chaos")]
pub use injectable::{carriers, injectable};
pub use inventory;
pub use retry::{
    OwnDelay, UsableAgain, ask, attempt_with, by_class, clone_for_each_attempt, delayed, own_delay,
    settle_while, usable_again, used_up,
};
pub use returns::{Conversion, Itself, fallible, result, returned, returning, returns};
pub use shape::{Attempted, Probe, Shape, probe, shapes};
pub use site::{Guarded, OfSite, Registered, Site};
pub use span::{CallSpan, SpanSite, ViewByShape, begin_span, note_in_span, run_traced, traced};
pub use std::time::Duration;
pub use wrap::{Wrap, run_switched, run_wrapped};

#[cfg(feature = "async")]
pub use breaker::admit_attempt;
pub use breaker::admit_attempt_blocking;
#[cfg(feature = "async")]
pub use fallback::suspend_with;
#[cfg(feature = "async")]
pub use retry::watch_with;
#[cfg(feature = "async")]
pub use span::{call_in_span, in_span, wrap_in_span};

#[cfg(feature = "health")]
pub use crate::health::StaticCheck;
pub use crate::{
    __gardefou_classifier as classifier, __gardefou_here as here, __gardefou_shape as shape,
    __gardefou_submit as submit,
};

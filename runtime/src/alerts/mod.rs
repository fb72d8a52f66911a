//! Alerting: notifications about errors, rates, circuits and health checks, on channels that fail
//! independently.
//!
//! The naive alert is a mail sent by the failing function: it blocks the caller while the mail
//! server hangs, it is sent a thousand times or, once it failed, not again for five minutes, and it
//! carries the password that was in the error. Here [rules](Rule) evaluate events on the thread that
//! causes them, in constant time, and threads of each channel deliver, behind a queue of bounded
//! length and a circuit breaker:
//!
//! - one problem on one channel brings one notification in an interval, with the number of what was
//!   held back, and an early one when that number is large; a more urgent problem is another one;
//! - a circuit, a check, a rate or a ratio has a state, and the last notification about it is true:
//!   a failure after a recovery is sent at once, a recovery once in an interval, and a state that
//!   changes more often when the interval is over; a recovery has the duration and the number of
//!   occurrences of the problem that it ends;
//! - only a delivered notification counts as sent; another one is tried again, then kept in the
//!   [journal](crate::monitor::journal) and sent when the channel works again, also by the next
//!   process, however old it is;
//! - a minute with too many notifications ends in a digest that names each group, and a shutdown
//!   sends what was held back;
//! - while a circuit is open, the errors of operations behind it do not count for rates: the
//!   opening was sent;
//! - each delivery has a [limit](AlertsConfigBuilder::delivery_timeout); a channel that fails or hangs
//!   is in the [status](AlertsStatus), in the health entry `monitor:alerts` and, once a minute, in the
//!   log (on the standard error where no subscriber takes it), and never leads to a notification.
//!
//! Processes do not share a throttle: each limits its own notifications.
//!
//! This module stands above the policies, because channels use a circuit breaker and a backoff of
//! this library.

// An event on its way: `dispatcher` -> `planner` (`evaluator`: rules; `limiter`: `throttle` of errors,
// `subjects` of states, `digest`) -> `outbox` (`backlog` in the journal) -> `delivery` (`queue`) -> `channel`.
mod backlog;
mod breaker_calls;
mod channel;
mod config;
mod delivery;
mod digest;
mod dispatcher;
#[cfg(feature = "alert-email")]
mod email;
mod evaluator;
mod handle;
mod history;
mod inhibition;
mod limiter;
mod notification;
mod outbox;
mod plan;
mod planner;
mod problems;
mod published;
mod queue;
mod rate_tracker;
mod registry;
mod rule;
mod status;
mod subject;
mod subjects;
mod throttle;
#[cfg(feature = "alert-webhook")]
mod webhook;
mod worker;

pub use channel::{CallbackChannel, Channel, DeliveryError, LogChannel};
pub use config::{AlertsConfig, AlertsConfigBuilder};
#[cfg(feature = "alert-email")]
pub use email::{EmailBuilder, EmailChannel, EmailTls};
pub use handle::{Alerts, Flushed};
pub use notification::{Notification, NotificationKind};
pub use registry::statuses;
pub use rule::Rule;
pub use status::{AlertsStatus, ChannelStatus, LossCounts};
#[cfg(feature = "alert-webhook")]
pub use webhook::{
    InvalidSignature, WebhookBuilder, WebhookChannel, WebhookFormat, verify_signature,
};

//! Somebody is told: notices of errors, rates, circuits and health checks, on channels that fail by themselves.
//!
//! The naive alert is a mail sent by the failing function: it blocks the caller while the mail server hangs, it is sent
//! a thousand times or, once it failed, not again for five minutes, and it carries the password that was in the error.
//! Here events are judged by [rules](Rule) on the thread that causes them, in constant time, and delivered by threads
//! of each channel's own, behind a queue of bounded length and a circuit breaker:
//!
//! - one problem on one channel is told once in an interval, with the number of what was held back, and before its
//!   time when that number is large; a more urgent one is another problem;
//! - a circuit, a check, a rate or a ratio has a state, and the last word about it is true: bad news after good news is
//!   told at once, good news once in an interval, and what changes more often when the interval is over;
//! - only what arrived counts as told; what did not is tried again, then kept in the
//!   [journal](crate::monitor::journal) and sent when the channel works again, also by the next process, however old
//!   it is;
//! - a minute with too many notices ends in a digest that names each group, and a shutdown tells what was held back;
//! - while a circuit is open, the errors of operations behind it do not count for rates: the circuit was told of;
//! - what goes wrong while a notice is delivered is counted and logged once a minute (on the standard error where nobody
//!   hears the log), and never leads to a notice.
//!
//! Which processes tell is not agreed between them: each throttles its own.
//!
//! This module stands above the policies, because channels use a circuit breaker and a backoff of this library.

mod backlog;
mod channel;
mod config;
mod core;
mod decide;
mod digest;
#[cfg(feature = "alert-email")]
mod email;
mod gauge;
mod handle;
mod lane;
mod notice;
mod plan;
mod rule;
mod running;
mod status;
mod subject;
mod throttle;
#[cfg(feature = "alert-webhook")]
mod webhook;

pub use channel::{CallbackChannel, Channel, DeliveryError, LogChannel};
pub use config::{AlertsConfig, AlertsConfigBuilder};
#[cfg(feature = "alert-email")]
pub use email::{EmailBuilder, EmailChannel, EmailTls};
pub use handle::{Alerts, Flushed};
pub use notice::{Notice, NoticeKind};
pub use rule::Rule;
pub use status::{AlertsStatus, ChannelStatus, LossCounts};
#[cfg(feature = "alert-webhook")]
pub use webhook::{InvalidSignature, WebhookBuilder, WebhookChannel, WebhookFormat, verify_signature};

pub(crate) use running::statuses;

//! Settings of named guards from outside of the code: a configuration file, or the environment.
//!
//! A policy lists which of its builder's setters have a name here ([`Configurable`]); the module
//! `config` reads the values. A guard that is made by name takes them over those of the code
//! ([`configured`]), and is remembered with the code's own ([`remember`]), so that a reload can
//! apply other values to it while it is in use.

mod by_key;
mod flag;
mod guard;
mod ignored;
mod living;
#[expect(
    clippy::module_inception,
    reason = "the value that the module is about"
)]
mod overrides;
mod pattern;
mod setting;
mod state;

pub(crate) use by_key::{ConfigurableByKey, remember_keyed};
pub(crate) use flag::SiteFlag;
pub(crate) use guard::Configurable;
pub(crate) use ignored::warn_once;
pub(crate) use living::{LivingGuard, Refused};
pub(crate) use overrides::{Configured, Override, Overrides, configured};
pub(crate) use pattern::Pattern;
pub(crate) use setting::{
    Assignment, Kind, Place, SPAN, Setting, SettingInfo, Value, setting, span_setting,
};
#[cfg(feature = "config-spans")]
pub(crate) use state::have_spans;
pub(crate) use state::{Change, Turn, keep, remember, replace};

//! Spans of guarded calls: when they begin and end, what they show, and what they leave alone.

#![expect(clippy::unwrap_used, reason = "these helpers belong to tests")]

mod asynchronous;
mod attempts;
mod blocking;
#[cfg(feature = "config")]
mod configured;
mod kinds;
mod pipelines;
mod secrets;
mod subscribers;
mod support;
#[cfg(feature = "config-spans")]
mod switched;
#[cfg(feature = "config")]
mod without_effect;

//! Tests of frames, messages and contexts.

#[cfg(not(loom))]
mod contexts;
#[cfg(not(loom))]
mod drop_reason;
#[cfg(not(loom))]
mod frames;
#[cfg(loom)]
mod loom;
#[cfg(not(loom))]
mod messages;
#[cfg(not(loom))]
mod support;

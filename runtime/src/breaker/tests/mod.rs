//! Tests of the whole breaker: interleavings explored by loom, random histories beside a model.

#[cfg(all(feature = "async", not(loom)))]
mod dropping;
#[cfg(loom)]
mod loom;
#[cfg(not(loom))]
mod model;

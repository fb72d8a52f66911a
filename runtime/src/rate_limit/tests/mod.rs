//! Tests of the whole limiter: interleavings explored by loom, random histories beside a model, and
//! threads that contend.

#[cfg(not(loom))]
mod contention;
#[cfg(loom)]
mod loom;
#[cfg(not(loom))]
mod model;
#[cfg(all(feature = "quanta", not(loom)))]
mod quanta;
#[cfg(not(loom))]
mod quota;

//! Interleavings explored by loom, and decisions beside a model.

#[cfg(loom)]
mod loom;
mod model;

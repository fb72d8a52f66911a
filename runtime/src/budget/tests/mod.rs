//! Budgets shared by name and by default, and interleavings explored by loom.

#[cfg(loom)]
mod loom;
#[cfg(not(loom))]
mod sharing;

//! Report entries for parts of the library whose state is known without running a check.

pub(super) mod alerts;
pub(super) mod breakers;
pub(super) mod journal;

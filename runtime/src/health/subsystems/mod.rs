//! Report entries for parts of the library whose state is known without running a check.

#[cfg(feature = "alerts")]
pub(super) mod alerts;
pub(super) mod breakers;
#[cfg(feature = "chaos")]
pub(super) mod chaos;
#[cfg(feature = "fleet")]
pub(super) mod fleet;
#[cfg(feature = "monitor")]
pub(super) mod journal;

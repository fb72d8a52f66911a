//! Public behaviour of gardefou, tested from outside; see `tests/`.

/// The code in the README compiles and its assertions hold.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

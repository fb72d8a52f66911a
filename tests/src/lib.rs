//! Public behaviour of gardefou, tested from outside; see `tests/`.

/// The code in the README compiles and its assertions hold.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// So does that of the page for those who come from the Python decorators.
#[cfg(doctest)]
#[doc = include_str!("../../docs/coming-from/python.md")]
pub struct Migration;

//! The error model, seen from outside.

mod macros;

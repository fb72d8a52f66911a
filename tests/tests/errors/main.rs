//! The error model, seen from outside.

mod codes;
mod macros;

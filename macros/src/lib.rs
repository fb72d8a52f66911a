//! The attributes and block macros of gardefou.

mod args;
mod diag;

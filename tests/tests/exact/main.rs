//! Each error is logged, counted and journalled exactly once per occurrence, whatever runs beside it.

mod breakers;
mod cases;
mod model;
mod retry;
mod support;

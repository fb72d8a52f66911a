//! Exactness: each error is logged, counted and journalled once per occurrence, under concurrency.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod breakers;
mod cases;
mod model;
mod rejections;
mod settlement;
mod support;

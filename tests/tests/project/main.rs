//! Properties of the project itself: imports, dependencies, words, documented names.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod dependencies;
mod first_page;
mod guides;
mod layers;
mod log_fields;
mod map;
mod monitoring_page;
mod sizes;
mod words;

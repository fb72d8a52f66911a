//! What must stay true of the project itself: who may import whom, and how much a user has to
//! build.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod dependencies;
mod guides;
mod layers;
mod log_fields;
mod monitoring_page;

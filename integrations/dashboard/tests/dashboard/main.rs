//! The dashboard by its router and its reports: who may see it, what it shows, and what it never does.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod access;
mod live;
mod shape;
mod support;
mod texts;

use std::process::Command;

#[test]
#[ignore = "the page in a real browser needs Chromium: .ci/steps/88-dashboard runs it"]
fn page_in_a_real_browser() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/real/browser/run");
    assert!(Command::new(script).status().unwrap().success());
}

//! The settings of a file are the keys of the attributes.

use gardefou::config::json_schema;
use std::{collections::BTreeSet, fs};

/// The keys of a list in the macros' crate.
fn keys(source: &str, list: &str) -> BTreeSet<String> {
    let (_, rest) = source
        .split_once(&format!("const {list}: &[&str] = &["))
        .unwrap();
    let (names, _) = rest.split_once("];").unwrap();
    let names = names.split(',').map(|name| name.trim().trim_matches('"'));
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn settings_of_guards_are_the_keys_of_their_attributes_except_those_that_are_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../macros/src/args/keys.rs");
    let source = fs::read_to_string(path).unwrap();
    let schema = json_schema();
    for (list, section, code, more) in [
        (
            "BREAKER",
            "breaker",
            &[
                "name",
                "failure_if",
                "ignore_if",
                "fallback",
                "control",
                "on_transition",
            ][..],
            &["state", "timed", "span"][..],
        ),
        (
            "RETRY",
            "retry",
            &[
                "delay",
                "retry_if",
                "retry_if_result",
                "on_retry",
                "on_give_up",
                "budget",
            ],
            &["timed", "span"],
        ),
        ("BULKHEAD", "bulkhead", &["name"], &["timed", "span"]),
        (
            "RATE_LIMIT",
            "rate_limit",
            &["name", "shared", "on_store_loss"],
            &["timed", "span"],
        ),
        ("TIMEOUT", "timeout", &["name"], &["timed", "span"]),
        ("HEDGE", "hedge", &["name", "budget"], &["span"]),
    ] {
        let settings = &schema["properties"][section]["additionalProperties"]["properties"];
        let settings: BTreeSet<_> = settings.as_object().unwrap().keys().cloned().collect();
        let mut expected = keys(&source, list);
        for key in code {
            assert!(expected.remove(*key), "{section}: {key}");
        }
        expected.extend(more.iter().map(|name| (*name).to_owned()));
        assert_eq!(settings, expected, "{section}");
    }
}

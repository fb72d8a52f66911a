//! Which sections are about a guard.

use gardefou::{circuit_breakers, system::ConfigFile, testing::Scope};

/// The threshold of a breaker, and the probes that it admits, under a file.
fn settings(text: &str, name: &str) -> (Option<u32>, u32) {
    let scope = Scope::new();
    let _entered = scope.enter();
    ConfigFile::parse("gardefou.toml", text)
        .unwrap()
        .apply()
        .unwrap();
    let breaker = circuit_breakers().get_or_create(name, |code| code).unwrap();
    (
        breaker.config().failure_threshold,
        breaker.config().half_open_max_calls,
    )
}

#[test]
fn exact_name_beats_patterns_and_a_longer_pattern_a_shorter_one() {
    // Whatever the order in the file.
    let sections = [
        "[breaker.\"*\"]\nfailure_threshold = 11\n",
        "[breaker.\"pay*\"]\nfailure_threshold = 12\n",
        "[breaker.\"payments-*\"]\nfailure_threshold = 13\n",
        "[breaker.payments-eu]\nfailure_threshold = 14\n",
    ];
    let reversed: String = sections.iter().rev().copied().collect();
    for text in [sections.concat(), reversed] {
        for (name, expected) in [
            ("search", 11),
            ("paypal", 12),
            ("payments-us", 13),
            ("payments-eu", 14),
        ] {
            assert_eq!(settings(&text, name).0, Some(expected), "{name}");
        }
    }
}

#[test]
fn later_one_of_two_equally_long_patterns_wins() {
    let (one, other) = (
        "[breaker.\"a*\"]\nfailure_threshold = 2\n",
        "[breaker.\"*b\"]\nfailure_threshold = 3\n",
    );
    assert_eq!(settings(&format!("{one}{other}"), "ab").0, Some(3));
    assert_eq!(settings(&format!("{other}{one}"), "ab").0, Some(2));
}

#[test]
fn settings_of_all_sections_that_match_are_joined() {
    let text = "[breaker.\"*\"]\nfailure_threshold = 2\nhalf_open_max_calls = 7\n[breaker.a]\nfailure_threshold = 3\n";
    assert_eq!(settings(text, "a"), (Some(3), 7));
    assert_eq!(settings(text, "b"), (Some(2), 7));
}

#[test]
fn sections_of_other_kinds_of_guards_do_not_count() {
    assert_eq!(
        settings("[bulkhead.\"*\"]\nmax_concurrent = 1\n", "a"),
        (Some(5), 2)
    );
}

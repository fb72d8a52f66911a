//! Which guard a key has.

use crate::support::breakers;
use gardefou::{
    breaker::{CircuitBreaker, CircuitState},
    keyed::Keyed,
};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
};

#[test]
fn each_text_has_one_guard_whatever_the_type_of_the_key() {
    let (_, keyed) = breakers(|b| b.failure_threshold(1));
    keyed.get("7").force_open();
    let text = String::from("7");
    let states = [
        keyed.get(&7_u8).state(),
        keyed.get(&7_i64).state(),
        keyed.get(&text).state(),
        keyed.get(&'7').state(),
        keyed.get(&&text).state(),
        keyed.get(&format_args!("{}", 7)).state(),
    ];
    assert_eq!(states, [CircuitState::ForcedOpen; 6]);
    assert_eq!(keyed.len(), 1);
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    assert_eq!(keyed.get(&address).name(), "svc[127.0.0.1]");
    let distinct = [
        "",
        " ",
        "7 ",
        "07",
        "é",
        "e\u{301}",
        "7\u{200b}",
        "a\nb",
        "a\\nb",
        "]",
        "[7]",
    ];
    for key in distinct {
        assert_eq!(keyed.get(key).state(), CircuitState::Closed, "{key:?}");
    }
    assert_eq!(keyed.len(), 2 + distinct.len());
}

#[test]
fn keys_around_the_length_of_the_buffer_are_distinct() {
    let (_, keyed) = breakers(|b| b);
    for len in [1, 21, 22, 23, 127, 128, 129, 500, 1024] {
        for last in ["a", "b"] {
            let key = "k".repeat(len - 1) + last;
            keyed.get(&key).force_open();
            assert_eq!(keyed.peek(&key).unwrap().name(), format!("svc[{key}]"));
        }
    }
    assert_eq!(keyed.len(), 18);
    assert_eq!(keyed.shared_other(), 0);
}

#[test]
fn longer_keys_share_one_guard() {
    let (_, keyed) = breakers(|b| b);
    for letter in ["a", "b"] {
        assert_eq!(keyed.get(&letter.repeat(1025)).name(), "svc[_OTHER]");
    }
    assert_eq!((keyed.len(), keyed.shared_other()), (0, 2));
}

#[test]
fn text_of_the_shared_guard_is_that_guard() {
    let (_, keyed) = breakers(|b| b.max_keys(1));
    let _first = keyed.get("a");
    keyed.get("b").force_open();
    assert_eq!(keyed.get("_OTHER").state(), CircuitState::ForcedOpen);
    assert_eq!(keyed.guards().len(), 2);
}

#[test]
fn key_that_is_written_in_pieces_is_one_text() {
    struct Tenant(&'static str, u32);
    impl fmt::Display for Tenant {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}/{:04}", self.0, self.1)
        }
    }
    let (_, keyed) = breakers(|b| b);
    assert_eq!(keyed.get(&Tenant("eu", 7)).name(), "svc[eu/0007]");
    assert!(keyed.peek("eu/0007").is_some());
}

#[test]
fn guards_have_the_configuration_of_the_builder_and_count_apart() {
    let (_, keyed) = breakers(|b| b.failure_threshold(2));
    for _ in 0..2 {
        keyed.get("a").try_acquire().unwrap().failure();
    }
    keyed.get("b").try_acquire().unwrap().failure();
    assert_eq!(keyed.get("a").state(), CircuitState::Open);
    assert_eq!(keyed.get("b").state(), CircuitState::Closed);
    assert_eq!(keyed.get("c").config(), *keyed.config());
    let names: Vec<_> = keyed.snapshots().into_iter().map(|s| s.name).collect();
    assert_eq!(names, ["svc[a]", "svc[b]", "svc[c]"]);
}

#[test]
fn illegal_bounds_are_refused() {
    for keys in [0, 1_000_001, u32::MAX] {
        let problem = CircuitBreaker::builder("svc").max_keys(keys).build_keyed();
        let text = problem.unwrap_err().to_string();
        assert_eq!(
            text,
            format!("`max_keys` = {keys}: must be from 1 to 1000000")
        );
    }
    for keys in [1, 1_000_000] {
        let keyed = CircuitBreaker::builder("svc").max_keys(keys).build_keyed();
        assert_eq!(keyed.unwrap().max_keys(), keys as usize);
    }
    let both = CircuitBreaker::builder("").max_keys(0).failure_rate(2.0);
    let text = both.build().unwrap_err().to_string();
    for field in [
        "`name`",
        "`failure_rate`",
        "`max_keys` = 0: must be from",
        "`max_keys` = 0: must come",
    ] {
        assert!(text.contains(field), "{field}: {text}");
    }
    let (_, keyed) = breakers(|b| b);
    let err = keyed.get("a").reconfigure(|b| b.max_keys(3)).unwrap_err();
    assert!(err.to_string().contains("`max_keys`"), "{err}");
}

#[test]
fn text_of_a_key_is_written_outside_of_every_lock() {
    /// Looks up another key while it is written.
    struct Nested<'a>(&'a Keyed<CircuitBreaker>);
    impl fmt::Display for Nested<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            drop(self.0.get("inner"));
            f.write_str("outer")
        }
    }
    let (_, keyed) = breakers(|b| b);
    assert!(keyed.peek(&Nested(&keyed)).is_none());
    drop(keyed.get(&Nested(&keyed)));
    assert_eq!(keyed.keys(), ["inner", "outer"]);
    keyed.remove("inner");
    assert!(keyed.remove(&Nested(&keyed)).is_some());
    assert_eq!(keyed.keys(), ["inner"]);
}

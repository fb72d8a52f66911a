//! What an error prints.

use super::{Outer, rejection};
use crate::error::{AppError, ErrorCode};
use serde_json::json;
use std::{error::Error, fmt, io};

#[test]
fn display_prints_one_level_and_the_alternate_form_and_debug_the_chain() {
    let err = AppError::new(ErrorCode::DB_WRITE_ERROR, "not stored")
        .with_source(Outer(Box::new(io::Error::other("disk full"))))
        .with_detail("table", "orders")
        .wrap(ErrorCode::EXTERNAL_SERVICE_ERROR, "order lost")
        .with_detail("order", 7);
    assert_eq!(err.to_string(), "order lost");
    assert_eq!(
        format!("{err:#}"),
        "order lost: not stored: outer: disk full"
    );
    let debug = format!("{err:?}");
    assert!(
        debug.starts_with(
            "[EXTERNAL_SERVICE_ERROR] order lost: not stored: outer: disk full\n    at "
        ),
        "{debug}"
    );
    assert!(
        debug.contains(&err.id().to_string()) && debug.contains(r#"{"order":7}"#),
        "{debug}"
    );
    assert!(
        debug.contains("caused by [DB_WRITE_ERROR] at") && debug.contains(r#"{"table":"orders"}"#),
        "{debug}"
    );
}

#[test]
fn debug_prints_the_cause_of_a_rejection() {
    let debug = format!(
        "{:?}",
        AppError::from(rejection()).wrap(ErrorCode::SYNC_ERROR, "x")
    );
    assert!(
        debug.contains("because connection refused, password=[redacted]"),
        "{debug}"
    );
}

#[test]
fn cyclic_chain_of_sources_ends() {
    #[derive(Debug)]
    struct Endless;
    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("again")
        }
    }
    impl Error for Endless {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }
    let err = AppError::from(Endless);
    assert_eq!(err.chain().count(), 64);
    assert_eq!(format!("{err:#}"), "again");
    assert!(
        json!(err)["sources"]
            .as_array()
            .is_some_and(|all| all.len() == 63)
    );
}

#[test]
fn panicking_source_is_left_out() {
    #[derive(Debug)]
    struct Hostile;
    impl fmt::Display for Hostile {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("a faulty Display")
        }
    }
    impl Error for Hostile {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            panic!("a faulty source")
        }
    }
    let err = AppError::from(Hostile);
    assert_eq!(err.to_string(), "(its Display panicked)");
    assert_eq!(format!("{err:#}"), "(its Display panicked)");
    assert!(format!("{err:?}").contains("its Display panicked"));
    assert_eq!(err.to_json()["original_error"], "(its Display panicked)");
    assert_eq!(err.to_problem().status(), 500);
    assert_eq!(err.retry_after(), None);
}

use super::*;
use crate::{
    ConfigError, Rejection, ResultExt,
    error::{Policy, Rejector},
};
use serde_json::json;
use std::{fmt, io, sync::Arc};

#[derive(Debug)]
struct Payments;
impl Rejector for Payments {
    fn name(&self) -> &str {
        "payments"
    }

    fn cause(&self, _: u64) -> Option<String> {
        Some("connection refused, password=hunter2".into())
    }
}

fn rejection() -> Rejection {
    let wait = Some(Duration::from_secs(7));
    Rejection::new(
        Policy::CircuitBreaker,
        ErrorCode::CIRCUIT_OPEN_ERROR,
        Arc::new(Payments),
        1,
        wait,
    )
}

/// A foreign error with a source.
#[derive(Debug)]
struct Outer(BoxedError);
impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outer")
    }
}
impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

#[test]
fn an_error_is_one_word_wide_and_crosses_threads() {
    fn crosses_threads<T: Send + Sync + 'static>() {}
    crosses_threads::<AppError>();
    assert_eq!(size_of::<AppError>(), size_of::<usize>());
    assert_eq!(size_of::<Option<AppError>>(), size_of::<usize>());
}

#[test]
fn any_error_becomes_an_uncoded_one_with_its_text_and_its_source() {
    let line = line!() + 1;
    let convert = |text: &str| -> crate::Result<u8> { Ok(text.parse::<u8>()?) };
    let err = convert("x").unwrap_err();
    assert_eq!(
        (err.code(), err.is_coded()),
        (ErrorCode::UNKNOWN_ERROR, false)
    );
    assert_eq!(err.message(), "invalid digit found in string");
    assert_eq!(
        format!("{err:#}"),
        "invalid digit found in string",
        "the same text is said once"
    );
    assert!(err.downcast_ref::<std::num::ParseIntError>().is_some());
    assert_eq!(
        (err.location().file(), err.location().line()),
        (file!(), line)
    );
    assert!(
        err.source()
            .is_some_and(<dyn Error>::is::<std::num::ParseIntError>)
    );
}

#[test]
fn an_uncoded_error_takes_the_first_code_and_keeps_it() {
    let err = AppError::from(fmt::Error)
        .or_code(ErrorCode::SYNC_ERROR)
        .or_code(ErrorCode::CONFIG_ERROR);
    assert!(err.is(ErrorCode::SYNC_ERROR) && err.is_coded());
    let unknown =
        AppError::new(ErrorCode::UNKNOWN_ERROR, "chosen").or_code(ErrorCode::CONFIG_ERROR);
    assert!(
        unknown.is(ErrorCode::UNKNOWN_ERROR),
        "UNKNOWN_ERROR can be chosen"
    );
}

#[test]
fn rejections_and_configuration_errors_bring_their_code_along() {
    let err = AppError::from(rejection());
    assert_eq!(
        (err.code(), err.is_coded()),
        (ErrorCode::CIRCUIT_OPEN_ERROR, true)
    );
    assert_eq!(err.retry_after(), Some(Duration::from_secs(7)));
    let err = AppError::from(ConfigError::new(
        "failure_threshold",
        0,
        "must be at least 1",
    ));
    assert_eq!(
        (err.code(), err.is_coded()),
        (ErrorCode::CONFIG_ERROR, true)
    );
    assert_eq!(err.message(), "`failure_threshold` = 0: must be at least 1");
}

#[test]
fn a_rejection_is_seen_through_io_errors_boxes_and_foreign_errors() {
    let boxed: BoxedError = Box::new(rejection());
    for err in [
        AppError::from(io::Error::other(rejection())),
        AppError::from(io::Error::from(rejection())),
        AppError::from_boxed(boxed),
        AppError::from(Outer(Box::new(rejection()))),
        AppError::from(Outer(Box::new(io::Error::other(rejection())))),
        AppError::from(io::Error::new(io::ErrorKind::TimedOut, rejection())),
    ] {
        assert_eq!(
            (err.code(), err.is_coded()),
            (ErrorCode::CIRCUIT_OPEN_ERROR, true),
            "{err:?}"
        );
        assert_eq!(err.retry_after(), Some(Duration::from_secs(7)), "{err:?}");
        assert!(err.downcast_ref::<Rejection>().is_some(), "{err:?}");
    }
}

#[test]
fn an_error_comes_back_from_a_trip_as_it_was() {
    let trips: [fn(AppError) -> AppError; 5] = [
        |err| AppError::from_boxed(err.into()),
        |err| AppError::from(io::Error::other(BoxedError::from(err))),
        |err| AppError::from(io::Error::from(err)),
        |err| AppError::from_boxed(Box::new(io::Error::from(err))),
        |err| AppError::from(io::Error::from(AppError::from(io::Error::from(err)))),
    ];
    for trip in trips {
        for code in [ErrorCode::SYNC_ERROR, ErrorCode::FILE_NOT_FOUND_ERROR] {
            let err = AppError::new(code, "late")
                .with_detail("n", 1)
                .with_public_message("Later.");
            assert!(err.0.occurrence.claim_report(None));
            let (id, line) = (err.id(), err.location().line());
            let back = trip(err);
            assert_eq!(
                (back.code(), back.id(), back.location().line()),
                (code, id, line)
            );
            assert_eq!(
                (back.details()["n"].as_u64(), back.public_message()),
                (Some(1), Some("Later."))
            );
            assert_eq!(back.chain().count(), 1);
            assert!(
                !back.0.occurrence.claim_report(None),
                "it was reported before the trip"
            );
        }
    }
}

#[test]
fn an_io_error_that_says_more_stays_in_the_chain() {
    let ours = AppError::new(ErrorCode::SYNC_ERROR, "late");
    let id = ours.id();
    let err = AppError::from(io::Error::new(
        io::ErrorKind::BrokenPipe,
        BoxedError::from(ours),
    ));
    assert_eq!((err.code(), err.id()), (ErrorCode::SYNC_ERROR, id));
    assert_eq!(
        err.downcast_ref::<io::Error>().map(io::Error::kind),
        Some(io::ErrorKind::BrokenPipe)
    );
}

#[test]
fn an_error_around_one_of_ours_is_the_same_event() {
    let inner =
        || AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full").with_public_message("Full.");
    let around: [fn(AppError) -> AppError; 4] = [
        |err| err.wrap(ErrorCode::DB_WRITE_ERROR, "order not stored"),
        |err| AppError::new(ErrorCode::DB_WRITE_ERROR, "order not stored").with_source(err),
        |err| AppError::from(Outer(err.into())),
        |err| {
            Err::<(), _>(err)
                .context(ErrorCode::DB_WRITE_ERROR, "order not stored")
                .unwrap_err()
        },
    ];
    for wrap in around {
        let fresh = inner();
        let id = fresh.id();
        let outer = wrap(fresh);
        assert_eq!((outer.id(), outer.code()), (id, ErrorCode::DB_WRITE_ERROR));
        assert_eq!(outer.public_message(), Some("Full."));
        assert!(
            outer.0.occurrence.claim_report(None),
            "nobody reported it yet"
        );
        let reported = inner();
        assert!(reported.0.occurrence.claim_report(None));
        assert!(
            !wrap(reported).0.occurrence.claim_report(None),
            "it was reported inside"
        );
    }
}

#[test]
fn a_layer_that_only_carries_its_source_is_left_out_of_the_chain() {
    let bare = AppError::from(fmt::Error);
    // Asking for the message does not make it more than that.
    assert_eq!(bare.message(), fmt::Error.to_string());
    let wrapped = bare.wrap(ErrorCode::SYNC_ERROR, "outer");
    assert_eq!(wrapped.chain().count(), 2);
    let waits = AppError::from(fmt::Error)
        .with_retry_after(Duration::from_secs(1))
        .wrap(ErrorCode::SYNC_ERROR, "outer");
    assert_eq!(
        (waits.chain().count(), waits.retry_after()),
        (3, Some(Duration::from_secs(1)))
    );
}

#[test]
fn a_new_source_leaves_the_message_as_it_was() {
    let err = AppError::from(io::Error::other("first")).with_source(fmt::Error);
    assert_eq!(err.message(), "first");
    assert_eq!(format!("{err:#}"), format!("first: {}", fmt::Error));
}

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
fn debug_tells_why_a_policy_rejected() {
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
fn to_json_has_the_keys_of_the_original() {
    let err = AppError::new(ErrorCode::DB_CONNECTION_ERROR, "no route à db1");
    let id = err.id().to_string();
    let bare = json!({
        "error": true, "code": 300, "code_name": "DB_CONNECTION_ERROR", "message": "no route à db1", "id": id,
    });
    assert_eq!(err.to_json(), bare);
    let full = err
        .with_detail("host", "db1")
        .with_source(fmt::Error)
        .to_json();
    assert_eq!(full["details"], json!({"host": "db1"}));
    assert_eq!(full["original_error"], fmt::Error.to_string());
    assert_eq!(full["id"], id);
}

#[test]
fn an_error_of_a_rejection_has_its_details_and_its_text_once() {
    let err = AppError::from(rejection());
    assert_eq!(err.details()["circuit_breaker"], "payments");
    assert_eq!(err.details()["retry_after"], 7.0);
    for json in [err.to_json(), json!(err)] {
        assert_eq!(
            json.to_string().matches("rejected the call").count(),
            1,
            "{json}"
        );
    }
    let wrapped = err.wrap(ErrorCode::EXTERNAL_SERVICE_ERROR, "not paid");
    assert_eq!(wrapped.to_json()["original_error"], rejection().to_string());
    // Through a type of the user's.
    let inside = AppError::from(Outer(Box::new(rejection())));
    assert_eq!(inside.details()["circuit_breaker"], "payments");
    assert_eq!(inside.to_json()["original_error"], "outer");
}

#[test]
fn an_error_survives_a_round_trip_through_serde() {
    let err = AppError::new(ErrorCode::DB_WRITE_ERROR, "not stored\nline 2")
        .with_source(Outer(Box::new(io::Error::other("disk full"))))
        .with_detail("table", json!({"name": "orders", "rows": [1, 2.5, null]}))
        .with_public_message("Later.")
        .with_extension_member("rows", [1, 2])
        .with_retry_after(Duration::from_millis(1500));
    let text = serde_json::to_string(&err).unwrap();
    let back: AppError = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (back.code(), back.is_coded(), back.id()),
        (err.code(), true, err.id())
    );
    assert_eq!(
        (back.message(), back.details()),
        (err.message(), err.details())
    );
    assert_eq!(
        (back.public_message(), back.retry_after()),
        (err.public_message(), err.retry_after())
    );
    assert_eq!(back.extension_members(), err.extension_members());
    assert_eq!(format!("{back:#}"), format!("{err:#}"));
    let (mut first, mut second) = (json!(err), json!(back));
    (first["location"], second["location"]) = (json!(null), json!(null));
    assert_eq!(first, second);
}

#[test]
fn the_short_form_comes_back_with_its_one_source() {
    let uncoded = AppError::from(io::Error::other("disk full"));
    let back = AppError::from_json(&uncoded.to_json()).unwrap();
    assert_eq!(
        (back.code(), back.is_coded(), back.id()),
        (ErrorCode::UNKNOWN_ERROR, false, uncoded.id())
    );
    assert_eq!(
        back.source().map(ToString::to_string).as_deref(),
        Some("disk full")
    );
}

#[test]
fn a_code_that_is_not_registered_here_is_named_in_a_detail() {
    let back = AppError::from_json(
        &json!({"message": "x", "code": 9999, "code_name": "OF_ANOTHER_PROGRAM"}),
    )
    .unwrap();
    assert_eq!(
        (back.code(), back.is_coded()),
        (ErrorCode::UNKNOWN_ERROR, false)
    );
    assert_eq!(
        back.details()["unregistered_code"],
        "OF_ANOTHER_PROGRAM(9999)"
    );
    let by_number = AppError::from_json(&json!({"message": "x", "code": 413})).unwrap();
    assert!(by_number.is(ErrorCode::TIMEOUT_ERROR) && by_number.is_coded());
    let none = AppError::from_json(&json!({"message": "x"})).unwrap();
    assert!(!none.is_coded() && none.details().is_empty());
}

#[test]
fn json_of_another_shape_is_refused_with_the_member_at_fault() {
    for (json, member) in [
        (json!([]), "error"),
        (json!({}), "message"),
        (json!({"message": 1}), "message"),
        (json!({"message": "x", "id": "1"}), "id"),
        (json!({"message": "x", "code": -1}), "code"),
        (json!({"message": "x", "code_name": 1}), "code_name"),
        (json!({"message": "x", "details": []}), "details"),
        (json!({"message": "x", "sources": [1]}), "sources"),
        (
            json!({"message": "x", "original_error": {}}),
            "original_error",
        ),
        (json!({"message": "x", "coded": "yes"}), "coded"),
        (
            json!({"message": "x", "retry_after_ms": 1.5}),
            "retry_after_ms",
        ),
    ] {
        assert_eq!(
            AppError::from_json(&json).unwrap_err().member,
            member,
            "{json}"
        );
    }
    assert!(
        serde_json::from_str::<AppError>("3")
            .unwrap_err()
            .to_string()
            .contains("`error` must be an object")
    );
}

#[test]
fn a_chain_that_bites_its_own_tail_ends() {
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
fn a_source_that_panics_whenever_it_is_asked_harms_nobody() {
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

#[test]
fn a_message_of_ten_megabytes_is_cut_in_the_json_form_only() {
    let err = AppError::new(ErrorCode::SYNC_ERROR, "é".repeat(5_000_000));
    assert_eq!(err.message().len(), 10_000_000);
    let json = err.to_json();
    let message = json["message"].as_str().unwrap();
    assert!(
        message.len() < 70_000 && message.ends_with("(cut, 10000000 bytes in all)"),
        "{}",
        message.len()
    );
}

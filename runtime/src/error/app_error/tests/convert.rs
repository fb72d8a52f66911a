//! Conversions from other errors and into them.

use super::{BoxedError, Outer, rejection};
use crate::error::{AppError, ConfigError, ErrorCode, Rejection, ResultExt};
use std::{error::Error, fmt, io, time::Duration};

#[test]
fn app_error_is_one_word_wide_and_crosses_threads() {
    fn crosses_threads<T: Send + Sync + 'static>() {}
    crosses_threads::<AppError>();
    assert_eq!(size_of::<AppError>(), size_of::<usize>());
    assert_eq!(size_of::<Option<AppError>>(), size_of::<usize>());
}

#[test]
fn question_mark_makes_any_error_the_source_of_an_uncoded_one() {
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
        "the same text is printed once"
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
fn uncoded_error_keeps_the_first_code_it_gets() {
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
fn rejections_and_configuration_errors_keep_their_code() {
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
fn rejection_is_found_in_io_errors_boxes_and_foreign_errors() {
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
fn round_trip_through_boxes_and_io_errors_keeps_the_error() {
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
fn io_error_of_another_kind_stays_in_the_chain() {
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
fn error_around_an_app_error_is_the_same_occurrence() {
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
        assert!(outer.0.occurrence.claim_report(None), "not reported yet");
        let reported = inner();
        assert!(reported.0.occurrence.claim_report(None));
        assert!(
            !wrap(reported).0.occurrence.claim_report(None),
            "it was reported inside"
        );
    }
}

#[test]
fn bare_layer_is_left_out_of_the_chain() {
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
fn with_source_keeps_the_message() {
    let err = AppError::from(io::Error::other("first")).with_source(fmt::Error);
    assert_eq!(err.message(), "first");
    assert_eq!(format!("{err:#}"), format!("first: {}", fmt::Error));
}

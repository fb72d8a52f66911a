//! Error codes: the standard table, and codes of one's own.

use gardefou::{
    AppError, ErrorCode,
    error::{Category, Class, CodeInfo, code_clashes, registered_codes},
    error_codes,
};

/// The table that users rely on, row by row: name, number, HTTP status.
const TABLE: &[(ErrorCode, &str, u32, u16)] = &[
    (ErrorCode::UNKNOWN_ERROR, "UNKNOWN_ERROR", 1, 500),
    (ErrorCode::CONFIG_ERROR, "CONFIG_ERROR", 2, 500),
    (
        ErrorCode::INITIALIZATION_ERROR,
        "INITIALIZATION_ERROR",
        3,
        500,
    ),
    (ErrorCode::PANIC_ERROR, "PANIC_ERROR", 4, 500),
    (ErrorCode::CANCELLED_ERROR, "CANCELLED_ERROR", 5, 499),
    (
        ErrorCode::OBS_CONNECTION_ERROR,
        "OBS_CONNECTION_ERROR",
        100,
        503,
    ),
    (ErrorCode::OBS_STREAM_ERROR, "OBS_STREAM_ERROR", 101, 503),
    (
        ErrorCode::AUDIO_DEVICE_ERROR,
        "AUDIO_DEVICE_ERROR",
        110,
        503,
    ),
    (
        ErrorCode::AUDIO_STREAM_ERROR,
        "AUDIO_STREAM_ERROR",
        111,
        503,
    ),
    (ErrorCode::SYNC_ERROR, "SYNC_ERROR", 120, 500),
    (
        ErrorCode::ANALYSIS_DATA_ERROR,
        "ANALYSIS_DATA_ERROR",
        200,
        400,
    ),
    (
        ErrorCode::ANALYSIS_PROCESSING_ERROR,
        "ANALYSIS_PROCESSING_ERROR",
        201,
        500,
    ),
    (
        ErrorCode::CLASSIFICATION_ERROR,
        "CLASSIFICATION_ERROR",
        210,
        500,
    ),
    (
        ErrorCode::MODEL_LOADING_ERROR,
        "MODEL_LOADING_ERROR",
        211,
        500,
    ),
    (
        ErrorCode::DB_CONNECTION_ERROR,
        "DB_CONNECTION_ERROR",
        300,
        503,
    ),
    (ErrorCode::DB_QUERY_ERROR, "DB_QUERY_ERROR", 301, 500),
    (ErrorCode::DB_WRITE_ERROR, "DB_WRITE_ERROR", 302, 500),
    (
        ErrorCode::DB_INTEGRITY_ERROR,
        "DB_INTEGRITY_ERROR",
        303,
        400,
    ),
    (ErrorCode::API_REQUEST_ERROR, "API_REQUEST_ERROR", 400, 400),
    (
        ErrorCode::API_RESPONSE_ERROR,
        "API_RESPONSE_ERROR",
        401,
        500,
    ),
    (
        ErrorCode::EXTERNAL_SERVICE_ERROR,
        "EXTERNAL_SERVICE_ERROR",
        410,
        502,
    ),
    (ErrorCode::RATE_LIMIT_ERROR, "RATE_LIMIT_ERROR", 411, 429),
    (
        ErrorCode::CIRCUIT_OPEN_ERROR,
        "CIRCUIT_OPEN_ERROR",
        412,
        503,
    ),
    (ErrorCode::TIMEOUT_ERROR, "TIMEOUT_ERROR", 413, 504),
    (
        ErrorCode::FILE_NOT_FOUND_ERROR,
        "FILE_NOT_FOUND_ERROR",
        500,
        404,
    ),
    (ErrorCode::PERMISSION_ERROR, "PERMISSION_ERROR", 501, 403),
    (
        ErrorCode::RESOURCE_BUSY_ERROR,
        "RESOURCE_BUSY_ERROR",
        502,
        423,
    ),
    (
        ErrorCode::RESOURCE_EXHAUSTED_ERROR,
        "RESOURCE_EXHAUSTED_ERROR",
        503,
        429,
    ),
    (
        ErrorCode::CONCURRENCY_LIMIT_ERROR,
        "CONCURRENCY_LIMIT_ERROR",
        504,
        503,
    ),
];

#[test]
fn standard_codes_are_exactly_those_of_the_table() {
    let ours: Vec<_> = ErrorCode::STANDARD
        .iter()
        .map(|c| (*c, c.name(), c.number(), c.http_status()))
        .collect();
    assert_eq!(ours, TABLE);
}

#[test]
fn category_follows_from_the_number_and_class_from_the_status() {
    for (code, name, number, status) in TABLE {
        let category = match number {
            1..=99 => Category::General,
            100..=199 => Category::Capture,
            200..=299 => Category::Analysis,
            300..=399 => Category::Database,
            400..=499 => Category::Api,
            _ => Category::Resource,
        };
        let class = match status {
            423 | 429 | 502..=504 => Class::Transient,
            400..=499 => Class::Permanent,
            _ => Class::Unknown,
        };
        assert_eq!((code.category(), code.class()), (category, class), "{name}");
    }
}

#[test]
fn client_error_statuses_are_permanent_except_the_retryable_ones() {
    let transient: Vec<u16> = (400..500)
        .filter(|&status| Class::from_http_status(status) != Class::Permanent)
        .collect();
    assert_eq!(transient, [408, 421, 423, 425, 429]);
    for status in [408, 421, 423, 425, 429, 502, 503, 504] {
        assert_eq!(
            Class::from_http_status(status),
            Class::Transient,
            "{status}"
        );
    }
    for status in [100, 200, 302, 399, 500, 501, 505, 599] {
        assert_eq!(Class::from_http_status(status), Class::Unknown, "{status}");
    }
}

error_codes! {
    /// The model is of another version.
    pub MODEL_VERSION_ERROR = 212, http = 409, class = Permanent;
    pub(crate) WITH_PATHS = 5000 + 1, category = Category::Custom("Archive"), class = Class::Transient, http = 503,;
    WITH_DEFAULTS = 5002;
    WITH_A_TEXT = 5003, category = "Archive", http = STATUS;
    #[deprecated = "for the test"]
    #[allow(dead_code)]
    OLD = 5004, category = Custom("x");
    #[cfg(any())]
    LEFT_OUT = 5005;
    SHARED_BY_TWO_INVOCATIONS = 5005;
    SHARED_WITH_A_STANDARD_CODE = 301;
}
const STATUS: u16 = 418;

mod elsewhere {
    gardefou::error_codes! {
        pub ALSO_5005 = 5005, http = 404;
    }
}

#[test]
fn application_declares_its_own_codes() {
    let row = |c: ErrorCode| {
        (
            c.name(),
            c.number(),
            c.http_status(),
            c.class(),
            c.category(),
        )
    };
    let (archive, application) = (Category::Custom("Archive"), Category::Custom("Application"));
    assert_eq!(
        row(MODEL_VERSION_ERROR),
        (
            "MODEL_VERSION_ERROR",
            212,
            409,
            Class::Permanent,
            Category::Analysis
        )
    );
    assert_eq!(
        row(WITH_PATHS),
        ("WITH_PATHS", 5001, 503, Class::Transient, archive)
    );
    assert_eq!(
        row(WITH_DEFAULTS),
        ("WITH_DEFAULTS", 5002, 500, Class::Unknown, application)
    );
    assert_eq!(
        row(WITH_A_TEXT),
        ("WITH_A_TEXT", 5003, 418, Class::Permanent, archive)
    );
    assert_eq!(elsewhere::ALSO_5005.class(), Class::Permanent);
    let err = AppError::new(MODEL_VERSION_ERROR, "version 4");
    assert!(err.is(MODEL_VERSION_ERROR) && !err.is(ErrorCode::UNKNOWN_ERROR));
    assert!(
        MODEL_VERSION_ERROR.declared_at().contains("codes.rs:"),
        "{}",
        MODEL_VERSION_ERROR.declared_at()
    );
}

#[test]
fn codes_work_in_patterns_and_constants() {
    const STATUS: u16 = ErrorCode::TIMEOUT_ERROR.http_status() + MODEL_VERSION_ERROR.http_status();
    const NAME: &str = MODEL_VERSION_ERROR.name();
    let kind = |code| match code {
        ErrorCode::TIMEOUT_ERROR => "standard",
        MODEL_VERSION_ERROR | elsewhere::ALSO_5005 => "own",
        _ => "other",
    };
    assert_eq!((STATUS, NAME), (504 + 409, "MODEL_VERSION_ERROR"));
    assert_eq!(kind(ErrorCode::TIMEOUT_ERROR), "standard");
    assert_eq!(kind(MODEL_VERSION_ERROR), "own");
    assert_eq!(kind(WITH_DEFAULTS), "other");
    assert_eq!(kind(ErrorCode::UNKNOWN_ERROR), "other");
}

#[test]
fn every_code_of_the_program_is_registered() {
    let all: Vec<ErrorCode> = registered_codes().collect();
    assert!(all.starts_with(ErrorCode::STANDARD));
    for code in [MODEL_VERSION_ERROR, WITH_PATHS, elsewhere::ALSO_5005] {
        assert_eq!(
            all.iter().filter(|known| **known == code).count(),
            1,
            "{code}"
        );
        assert_eq!(ErrorCode::by_name(code.name()), Some(code));
    }
    assert_eq!(
        ErrorCode::by_number(301),
        Some(ErrorCode::DB_QUERY_ERROR),
        "the standard code comes first"
    );
    assert_eq!(ErrorCode::by_number(u32::MAX), None);
}

#[test]
fn clash_across_invocations_is_found_with_both_places() {
    let texts: Vec<String> = code_clashes().iter().map(ToString::to_string).collect();
    let standard = texts
        .iter()
        .find(|text| text.contains("number 301"))
        .unwrap();
    assert!(
        standard.starts_with("error code number 301 means `DB_QUERY_ERROR` ("),
        "{standard}"
    );
    assert!(
        standard.contains("`SHARED_WITH_A_STANDARD_CODE` (") && standard.contains("codes.rs:"),
        "{standard}"
    );
    let ours = texts
        .iter()
        .find(|text| text.contains("number 5005"))
        .unwrap();
    assert!(
        ours.contains("ALSO_5005") && ours.contains("SHARED_BY_TWO_INVOCATIONS"),
        "{ours}"
    );
    assert_eq!(texts.len(), 2, "{texts:?}");
}

#[test]
fn code_made_at_run_time_never_has_an_invalid_status() {
    for status in [0, 99, 600, u16::MAX] {
        let info = Box::leak(Box::new(CodeInfo::new("RUN_TIME", 1, status, "here")));
        assert_eq!(ErrorCode::from_info(info).http_status(), 500);
    }
}

/// The original's codes 500 to 503 read like HTTP statuses and are not.
#[test]
fn code_number_is_never_used_as_a_status() {
    let missing = AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "x");
    assert_eq!(
        (missing.code().number(), missing.code().http_status()),
        (500, 404)
    );
    let json = missing.to_json();
    assert_eq!(
        (&json["code"], &json["code_name"]),
        (&500.into(), &"FILE_NOT_FOUND_ERROR".into())
    );
}

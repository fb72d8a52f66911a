//! Codes of error types that are no `AppError`: `#[derive(Coded)]` and `coded!`.

use gardefou::{
    AppError, Coded, Coding, ErrorCode, coded, enhanced_error_handling,
    error::{Class, View},
    error_boundary,
    event::{Event, subscribe},
    report, retry,
};
use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

#[derive(Debug, thiserror::Error, Coded)]
pub(crate) enum StoreError {
    #[error("the row {0} is locked")]
    #[code(RESOURCE_BUSY_ERROR, retry_after = "2s")]
    Locked(u32),
    #[error("no such row")]
    #[code(ErrorCode::FILE_NOT_FOUND_ERROR)]
    Missing {
        #[allow(dead_code)]
        row: u32,
    },
    #[error("cannot read")]
    Read(#[from] io::Error),
}

#[derive(Debug, thiserror::Error, Coded)]
#[error("the licence ended")]
#[code(PERMISSION_ERROR)]
pub(crate) struct NoLicence;

#[derive(Debug, thiserror::Error, Coded)]
#[code(DB_QUERY_ERROR)]
pub(crate) enum QueryError {
    #[error("the statement is wrong")]
    #[code(API_REQUEST_ERROR)]
    Wrong,
    #[error("something else")]
    Else,
}

/// A type of another crate, as far as the compiler knows.
pub(crate) mod client {
    #[derive(Debug, thiserror::Error)]
    pub(crate) enum Error {
        #[error("busy")]
        Busy,
        #[error("unauthorised")]
        Unauthorised,
        #[error("odd")]
        Odd(#[source] std::num::ParseIntError),
    }
}

fn of_fmt(_: &std::fmt::Error) -> Option<ErrorCode> {
    Some(ErrorCode::API_RESPONSE_ERROR)
}

coded! {
    client::Error => |error| match error {
        client::Error::Busy => Some(Coding::new(ErrorCode::RATE_LIMIT_ERROR).retry_after(Duration::from_secs(5))),
        client::Error::Unauthorised => Some(ErrorCode::PERMISSION_ERROR.into()),
        client::Error::Odd(_) => None,
    },
    std::fmt::Error => of_fmt,
    // Over the built-in class of the type, which is permanent.
    std::net::AddrParseError => |_| Some(ErrorCode::RESOURCE_BUSY_ERROR),
}

#[test]
fn question_mark_keeps_code_and_wait_of_a_derived_type() {
    let convert = |error: StoreError| -> AppError { error.into() };
    let err = convert(StoreError::Locked(7));
    assert!(err.is(ErrorCode::RESOURCE_BUSY_ERROR) && err.is_coded());
    assert_eq!(err.retry_after(), Some(Duration::from_secs(2)));
    assert!(convert(StoreError::Missing { row: 1 }).is(ErrorCode::FILE_NOT_FOUND_ERROR));
    let err = convert(StoreError::Read(io::ErrorKind::NotFound.into()));
    assert!(!err.is_coded());
    assert_eq!(
        View::from_any(&err).class(),
        Class::Permanent,
        "by its source"
    );
    assert!(AppError::from(NoLicence).is(ErrorCode::PERMISSION_ERROR));
    assert!(AppError::from(QueryError::Wrong).is(ErrorCode::API_REQUEST_ERROR));
    assert!(AppError::from(QueryError::Else).is(ErrorCode::DB_QUERY_ERROR));
}

#[test]
fn mapping_is_found_behind_pointers_and_below_other_errors() {
    let code = |error: AppError| error.code();
    assert_eq!(
        code(Arc::new(StoreError::Locked(1)).into()),
        ErrorCode::RESOURCE_BUSY_ERROR
    );
    assert_eq!(
        code(AppError::from_boxed(Box::new(Box::new(NoLicence)))),
        ErrorCode::PERMISSION_ERROR
    );
    assert_eq!(
        code(io::Error::other(client::Error::Busy).into()),
        ErrorCode::RATE_LIMIT_ERROR
    );
    assert_eq!(
        code(client::Error::Unauthorised.into()),
        ErrorCode::PERMISSION_ERROR
    );
    let wrapped = anyhow::Error::new(client::Error::Busy).context("while paying");
    assert_eq!(
        View::from_dyn(&*wrapped).retry_after(),
        Some(Duration::from_secs(5))
    );
    assert_eq!(
        code(AppError::from_boxed(wrapped.into())),
        ErrorCode::RATE_LIMIT_ERROR
    );
}

#[test]
fn mapping_of_the_application_wins_over_a_built_in_one() {
    let error = "x".parse::<std::net::IpAddr>().unwrap_err();
    assert_eq!(View::from_any(&error).class(), Class::Transient);
    assert!(AppError::from(error).is(ErrorCode::RESOURCE_BUSY_ERROR));
    let odd = client::Error::Odd("x".parse::<i32>().unwrap_err());
    assert_eq!(
        View::from_any(&odd).class(),
        Class::Permanent,
        "the mapping leaves it to the source"
    );
    assert!(AppError::from(std::fmt::Error).is(ErrorCode::API_RESPONSE_ERROR));
}

#[retry(max_retries = 3, initial_delay = 0)]
fn derived(runs: &mut u32, error: StoreError) -> Result<(), StoreError> {
    *runs += 1;
    match error {
        StoreError::Missing { row } => Err(StoreError::Missing { row }),
        StoreError::Read(error) => Err(StoreError::Read(error.kind().into())),
        StoreError::Locked(row) => Err(StoreError::Locked(row)),
    }
}

impl Clone for StoreError {
    fn clone(&self) -> Self {
        match self {
            Self::Locked(row) => Self::Locked(*row),
            Self::Missing { row } => Self::Missing { row: *row },
            Self::Read(error) => Self::Read(error.kind().into()),
        }
    }
}

#[retry(max_retries = 3, initial_delay = 0)]
fn mapped(runs: &mut u32, busy: bool) -> Result<(), client::Error> {
    *runs += 1;
    Err(if busy {
        client::Error::Odd("".parse::<i32>().unwrap_err())
    } else {
        client::Error::Unauthorised
    })
}

#[test]
fn attributes_find_the_codes_of_derived_and_mapped_types() {
    let mut runs = 0;
    assert!(derived(&mut runs, StoreError::Missing { row: 1 }).is_err());
    assert_eq!(runs, 1);
    assert!(
        derived(
            &mut runs,
            StoreError::Read(io::ErrorKind::PermissionDenied.into())
        )
        .is_err()
    );
    assert_eq!(runs, 2);
    assert!(derived(&mut runs, StoreError::Read(io::ErrorKind::TimedOut.into())).is_err());
    assert_eq!(runs, 6);
    let mut runs = 0;
    assert!(mapped(&mut runs, false).is_err());
    assert!(mapped(&mut runs, true).is_err());
    assert_eq!(runs, 2);
}

/// In no text that another test reports.
const ONLY_HERE: u32 = 82_504_167;

#[enhanced_error_handling(error_code = ErrorCode::EXTERNAL_SERVICE_ERROR)]
fn inner() -> Result<(), StoreError> {
    Err(StoreError::Locked(ONLY_HERE))
}

#[test]
fn own_coded_error_is_counted_once_with_its_code() {
    let seen: Arc<Mutex<Vec<_>>> = Arc::default();
    let sink = Arc::clone(&seen);
    let _subscription = subscribe(move |event: &Event<'_>| {
        if let Event::Error(error) = event
            && error.error.to_string().contains(&ONLY_HERE.to_string())
        {
            sink.lock().unwrap().push(error.code);
        }
    });
    let outer: Result<(), AppError> = error_boundary!("outer", { inner()? });
    let err = outer.unwrap_err();
    report(&err);
    assert!(err.is(ErrorCode::RESOURCE_BUSY_ERROR));
    assert_eq!(err.to_problem().status(), 423);
    assert_eq!(*seen.lock().unwrap(), [ErrorCode::RESOURCE_BUSY_ERROR]);
}

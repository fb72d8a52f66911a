//! Codes of the errors of sqlx.

use super::coded::Coding;
use crate::{
    char_boundary::floor_char_boundary,
    error::{Class, ErrorCode},
};
use sqlx_0_9::{
    Error,
    error::{DatabaseError, ErrorKind},
};

pub(super) fn of_error(error: &Error) -> Option<Coding> {
    let coding = match error {
        Error::Database(error) => of_database(&**error),
        Error::Io(_) | Error::Tls(_) | Error::WorkerCrashed => {
            ErrorCode::DB_CONNECTION_ERROR.into()
        }
        Error::PoolTimedOut => ErrorCode::DB_CONNECTION_ERROR.into(),
        // It is never opened again.
        Error::PoolClosed => Coding::new(ErrorCode::DB_CONNECTION_ERROR).class(Class::Permanent),
        Error::Configuration(_) => Coding::new(ErrorCode::CONFIG_ERROR).class(Class::Permanent),
        Error::RowNotFound
        | Error::TypeNotFound { .. }
        | Error::ColumnIndexOutOfBounds { .. }
        | Error::ColumnNotFound(_)
        | Error::ColumnDecode { .. }
        | Error::Decode(_)
        | Error::Encode(_) => Coding::new(ErrorCode::DB_QUERY_ERROR).class(Class::Permanent),
        _ => ErrorCode::DB_QUERY_ERROR.into(),
    };
    Some(coding)
}

/// Decides by the kind, and where that is not enough, by SQLSTATE or the result code of SQLite.
fn of_database(error: &dyn DatabaseError) -> Coding {
    match error.kind() {
        ErrorKind::UniqueViolation
        | ErrorKind::ForeignKeyViolation
        | ErrorKind::NotNullViolation
        | ErrorKind::CheckViolation => return ErrorCode::DB_INTEGRITY_ERROR.into(),
        _ => {}
    }
    match error.code().as_deref() {
        Some(code) if code.len() == 5 => of_sql_state(code),
        // SQLITE_BUSY and SQLITE_LOCKED, with their extended forms in the upper bytes.
        Some(code)
            if code
                .parse::<u32>()
                .is_ok_and(|code| matches!(code & 0xFF, 5 | 6)) =>
        {
            ErrorCode::RESOURCE_BUSY_ERROR.into()
        }
        _ => ErrorCode::DB_QUERY_ERROR.into(),
    }
}

fn of_sql_state(code: &str) -> Coding {
    match (&code[..floor_char_boundary(code, 2)], code) {
        // The connection, the server is starting or going down.
        ("08", _) | (_, "57P01" | "57P02" | "57P03") => ErrorCode::DB_CONNECTION_ERROR.into(),
        // Serialization failures, deadlocks, locks that are held.
        ("40", _) | (_, "55P03" | "55006") => ErrorCode::RESOURCE_BUSY_ERROR.into(),
        (_, "57014") => ErrorCode::TIMEOUT_ERROR.into(),
        ("53", _) => ErrorCode::RESOURCE_EXHAUSTED_ERROR.into(),
        ("23", _) => ErrorCode::DB_INTEGRITY_ERROR.into(),
        ("28", _) | (_, "42501") => Coding::new(ErrorCode::PERMISSION_ERROR),
        // Statements and data that are wrong however often they are sent.
        ("22" | "42" | "3F" | "3D", _) => {
            Coding::new(ErrorCode::DB_QUERY_ERROR).class(Class::Permanent)
        }
        _ => ErrorCode::DB_QUERY_ERROR.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{AppError, View};
    use std::{borrow::Cow, error::Error as StdError, fmt, io};

    #[derive(Debug)]
    struct Answer {
        code: &'static str,
        is_unique: bool,
    }

    impl fmt::Display for Answer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "the database answered {}", self.code)
        }
    }

    impl StdError for Answer {}

    impl DatabaseError for Answer {
        fn message(&self) -> &str {
            "an answer"
        }
        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.code.into())
        }
        fn kind(&self) -> ErrorKind {
            if self.is_unique {
                ErrorKind::UniqueViolation
            } else {
                ErrorKind::Other
            }
        }
        fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
            self
        }
        fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
            self
        }
        fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
            self
        }
    }

    fn answer(code: &'static str) -> Error {
        Error::Database(Box::new(Answer {
            code,
            is_unique: false,
        }))
    }

    #[test]
    fn errors_of_the_database_have_code_and_class() {
        let unique = Error::Database(Box::new(Answer {
            code: "2067",
            is_unique: true,
        }));
        for (error, code, class) in [
            (unique, ErrorCode::DB_INTEGRITY_ERROR, Class::Permanent),
            (
                answer("08006"),
                ErrorCode::DB_CONNECTION_ERROR,
                Class::Transient,
            ),
            (
                answer("57P01"),
                ErrorCode::DB_CONNECTION_ERROR,
                Class::Transient,
            ),
            (
                answer("40001"),
                ErrorCode::RESOURCE_BUSY_ERROR,
                Class::Transient,
            ),
            (
                answer("40P01"),
                ErrorCode::RESOURCE_BUSY_ERROR,
                Class::Transient,
            ),
            (
                answer("53300"),
                ErrorCode::RESOURCE_EXHAUSTED_ERROR,
                Class::Transient,
            ),
            (answer("42P01"), ErrorCode::DB_QUERY_ERROR, Class::Permanent),
            (
                answer("28P01"),
                ErrorCode::PERMISSION_ERROR,
                Class::Permanent,
            ),
            (answer("XX000"), ErrorCode::DB_QUERY_ERROR, Class::Unknown),
            (
                answer("5"),
                ErrorCode::RESOURCE_BUSY_ERROR,
                Class::Transient,
            ),
            (
                answer("262"),
                ErrorCode::RESOURCE_BUSY_ERROR,
                Class::Transient,
            ),
            (answer("1"), ErrorCode::DB_QUERY_ERROR, Class::Unknown),
            (
                Error::RowNotFound,
                ErrorCode::DB_QUERY_ERROR,
                Class::Permanent,
            ),
            (
                Error::PoolTimedOut,
                ErrorCode::DB_CONNECTION_ERROR,
                Class::Transient,
            ),
            (
                Error::PoolClosed,
                ErrorCode::DB_CONNECTION_ERROR,
                Class::Permanent,
            ),
            (
                Error::Io(io::ErrorKind::ConnectionReset.into()),
                ErrorCode::DB_CONNECTION_ERROR,
                Class::Transient,
            ),
        ] {
            let view = View::from_any(&error);
            assert_eq!(
                (view.code(), view.class()),
                (Some(code), class),
                "{error:?}"
            );
            let converted = AppError::from(error);
            assert_eq!(
                (converted.code(), View::from_any(&converted).class()),
                (code, class),
                "{converted:?}"
            );
        }
    }
}

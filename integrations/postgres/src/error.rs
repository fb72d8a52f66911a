//! Errors of the database, without secrets.

use gardefou::{error::Redactor, monitor::journal::JournalError};
use std::{error::Error, io, time::Duration};

/// The error of a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("cannot connect: {0}")]
    Connect(String),
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// An answer of the server, with its code.
    #[error("{message} (SQLSTATE {code})")]
    Sql { code: String, message: String },
    #[error("{0}")]
    Lost(String),
    #[error(
        "the schema `{schema}` is of version {found}, which needs gardefou-postgres with version {needed} or newer; this one has {ours}"
    )]
    NewerSchema {
        schema: String,
        found: i32,
        needed: i32,
        ours: i32,
    },
    #[error("there is no journal in the schema `{0}`")]
    NoJournal(String),
    #[error("the database refuses every record, the last time with: {0}")]
    RefusesAll(String),
    #[error("{0}")]
    Spool(String),
}

impl DatabaseError {
    /// Returns `true` if the server refuses the data themselves, so that they would be refused again.
    pub(crate) fn is_of_data(&self) -> bool {
        // Data exceptions, violated constraints, and limits of the program, such as the size of an
        // index row.
        matches!(self, Self::Sql { code, .. } if ["22", "23", "54"].iter().any(|class| code.starts_with(class)))
    }

    /// Returns `true` if the server did not write within the time limit.
    pub(crate) fn is_too_slow(&self) -> bool {
        // 57014: the server's own limit on statements.
        matches!(self, Self::Timeout(_))
            || matches!(self, Self::Sql { code, .. } if code == "57014")
    }

    /// Replaces a secret, wherever a server or a driver has repeated it.
    pub(crate) fn without(self, secret: Option<&str>) -> Self {
        let Some(secret) = secret.filter(|secret| !secret.is_empty()) else {
            return self;
        };
        let clean = |text: String| text.replace(secret, "[redacted]");
        match self {
            Self::Connect(text) => Self::Connect(clean(text)),
            Self::Lost(text) => Self::Lost(clean(text)),
            Self::RefusesAll(text) => Self::RefusesAll(clean(text)),
            Self::Sql { code, message } => Self::Sql {
                code,
                message: clean(message),
            },
            other => other,
        }
    }
}

/// The text of an error and its sources, redacted. Details and hints of the server are left out:
/// they repeat the contents of rows.
pub(crate) fn text_of(err: &tokio_postgres::Error) -> String {
    if let Some(answer) = err.as_db_error() {
        return Redactor::new().text(answer.message()).into();
    }
    let mut text = err.to_string();
    let mut source = err.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    Redactor::new().text(&text).into()
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(err: tokio_postgres::Error) -> Self {
        match err.code() {
            Some(code) => Self::Sql {
                code: code.code().to_owned(),
                message: text_of(&err),
            },
            None => Self::Lost(text_of(&err)),
        }
    }
}

impl From<JournalError> for DatabaseError {
    fn from(err: JournalError) -> Self {
        let cause = err.source().map(|cause| format!(": {cause}"));
        Self::Spool(format!("{err}{}", cause.unwrap_or_default()))
    }
}

impl From<io::Error> for DatabaseError {
    fn from(err: io::Error) -> Self {
        Self::Spool(err.to_string())
    }
}

//! Error codes: small values that programs compare and operators count.

use std::fmt;

/// What kind of failure a code stands for, which decides whether another try can help.
///
/// [`Permanent`](Class::Permanent) errors are neither retried nor counted against a breaker; the
/// other two are.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorCode, error::Class};
///
/// assert_eq!(ErrorCode::TIMEOUT_ERROR.class(), Class::Transient);
/// assert_eq!(ErrorCode::PERMISSION_ERROR.class(), Class::Permanent);
/// assert_eq!(ErrorCode::UNKNOWN_ERROR.class(), Class::Unknown);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// May pass by itself: a lost connection, a busy resource, a timeout.
    Transient,
    /// The caller's fault, or never going to change.
    Permanent,
    /// Nothing is known about it.
    Unknown,
}

/// The part of a system that a code belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Category {
    /// Numbers 1 to 99.
    General,
    /// Numbers 100 to 199: recording from devices and streams.
    Capture,
    /// Numbers 200 to 299.
    Analysis,
    /// Numbers 300 to 399.
    Database,
    /// Numbers 400 to 499: calls to other services, and what guards them.
    Api,
    /// Numbers 500 to 599: files, permissions, capacity.
    Resource,
    /// An application's own category.
    Custom(&'static str),
}

impl Category {
    /// Returns the category that a number's range belongs to; numbers outside every range are
    /// `Custom("Application")`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Category;
    ///
    /// assert_eq!(Category::from_number(212), Category::Analysis);
    /// assert_eq!(Category::from_number(7000), Category::Custom("Application"));
    /// ```
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        match number {
            0..=99 => Self::General,
            100..=199 => Self::Capture,
            200..=299 => Self::Analysis,
            300..=399 => Self::Database,
            400..=499 => Self::Api,
            500..=599 => Self::Resource,
            _ => Self::Custom("Application"),
        }
    }
}

impl Class {
    /// Returns the class that an HTTP status suggests: 408, 421, 423, 425, 429, 502, 503 and 504
    /// are transient, every other 4xx status is permanent, and all others are unknown.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Class;
    ///
    /// assert_eq!(Class::from_http_status(402), Class::Permanent);
    /// assert_eq!(Class::from_http_status(503), Class::Transient);
    /// assert_eq!(Class::from_http_status(500), Class::Unknown);
    /// ```
    #[must_use]
    pub const fn from_http_status(status: u16) -> Self {
        match status {
            408 | 421 | 423 | 425 | 429 | 502 | 503 | 504 => Self::Transient,
            400..=499 => Self::Permanent,
            _ => Self::Unknown,
        }
    }
}

/// One row of a code table: all that a code knows about itself.
///
/// Rows are made by this crate's own table and by [`error_codes!`](crate::error_codes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodeInfo {
    pub(crate) number: u32,
    pub(crate) name: &'static str,
    pub(crate) http_status: u16,
    pub(crate) category: Category,
    pub(crate) class: Class,
    pub(crate) declared_at: &'static str,
}

impl CodeInfo {
    /// Makes a row whose category and class follow from its number and HTTP status.
    ///
    /// A status outside 100 to 599 becomes 500. `error_codes!` refuses one at compile time.
    ///
    /// # Examples
    ///
    /// Codes that are known at run time only, a plugin's for instance, live as long as the program:
    ///
    /// ```
    /// use gardefou::{ErrorCode, error::{Class, CodeInfo}};
    ///
    /// let info: &'static CodeInfo = Box::leak(Box::new(CodeInfo::new("PLUGIN_ERROR", 7001, 503, "plugin.toml")));
    /// let code = ErrorCode::from_info(info);
    /// assert_eq!((code.name(), code.class()), ("PLUGIN_ERROR", Class::Transient));
    /// ```
    #[must_use]
    pub const fn new(
        name: &'static str,
        number: u32,
        http_status: u16,
        declared_at: &'static str,
    ) -> Self {
        let http_status = if http_status >= 100 && http_status <= 599 {
            http_status
        } else {
            500
        };
        let (category, class) = (
            Category::from_number(number),
            Class::from_http_status(http_status),
        );
        Self {
            number,
            name,
            http_status,
            category,
            class,
            declared_at,
        }
    }

    /// Replaces the class.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, error::{Class, CodeInfo}};
    ///
    /// static FUSE: CodeInfo = CodeInfo::new("FUSE_ERROR", 7004, 503, "codes.rs:1").class(Class::Permanent);
    /// assert_eq!(ErrorCode::from_info(&FUSE).class(), Class::Permanent, "its status alone is transient");
    /// ```
    #[must_use]
    pub const fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// Replaces the category.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, error::{Category, CodeInfo}};
    ///
    /// static TAPE: CodeInfo = CodeInfo::new("TAPE_ERROR", 7002, 503, "codes.rs:1").category(Category::Custom("Archive"));
    /// assert_eq!(ErrorCode::from_info(&TAPE).category(), Category::Custom("Archive"));
    /// ```
    #[must_use]
    pub const fn category(mut self, category: Category) -> Self {
        self.category = category;
        self
    }
}

/// An error code: a `Copy` value of one word with a name, a number, an HTTP status, a category and
/// a class.
///
/// The standard codes are associated constants; an application declares its own with
/// [`error_codes!`](crate::error_codes). The number is not an HTTP status, even where it looks like
/// one (`FILE_NOT_FOUND_ERROR` has number 500 and status 404). Codes can stand in patterns; two are
/// equal if their rows are.
///
/// # Examples
///
/// ```
/// use gardefou::ErrorCode;
///
/// let code = ErrorCode::DB_CONNECTION_ERROR;
/// assert_eq!((code.name(), code.number(), code.http_status()), ("DB_CONNECTION_ERROR", 300, 503));
///
/// let advice = match code {
///     ErrorCode::DB_CONNECTION_ERROR | ErrorCode::TIMEOUT_ERROR => "try again",
///     _ => "look at the log",
/// };
/// assert_eq!(advice, "try again");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(&'static CodeInfo);

impl ErrorCode {
    /// Makes the code of a table row.
    ///
    /// [`error_codes!`](crate::error_codes) is the usual way to a code: it registers it as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, error::CodeInfo};
    ///
    /// static TAPE: CodeInfo = CodeInfo::new("TAPE_ERROR", 7003, 503, "codes.rs:1");
    /// let code = ErrorCode::from_info(&TAPE);
    /// assert_eq!((code.name(), code.number()), ("TAPE_ERROR", 7003));
    /// assert_eq!(ErrorCode::by_number(7003), None, "it is not registered");
    /// ```
    #[must_use]
    pub const fn from_info(info: &'static CodeInfo) -> Self {
        Self(info)
    }

    /// Returns the code's name, for example `DB_CONNECTION_ERROR`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::ErrorCode;
    ///
    /// assert_eq!(ErrorCode::DB_WRITE_ERROR.name(), "DB_WRITE_ERROR");
    /// assert_eq!(ErrorCode::DB_WRITE_ERROR.to_string(), "DB_WRITE_ERROR");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// Returns the code's number, which is unique among the codes of a program and is not an HTTP
    /// status.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::ErrorCode;
    ///
    /// assert_eq!(ErrorCode::FILE_NOT_FOUND_ERROR.number(), 500);
    /// assert_eq!(ErrorCode::FILE_NOT_FOUND_ERROR.http_status(), 404);
    /// ```
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0.number
    }

    /// Returns the HTTP status that an answer carrying this error has.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, error_codes};
    ///
    /// error_codes! {
    ///     /// Without a status of its own.
    ///     pub QUOTA_ERROR = 1201;
    /// }
    ///
    /// assert_eq!((ErrorCode::PERMISSION_ERROR.http_status(), QUOTA_ERROR.http_status()), (403, 500));
    /// ```
    #[must_use]
    pub const fn http_status(self) -> u16 {
        self.0.http_status
    }

    /// Returns the part of the system that the code belongs to.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, error::Category};
    ///
    /// assert_eq!(ErrorCode::DB_WRITE_ERROR.category(), Category::Database);
    /// assert_eq!(ErrorCode::CIRCUIT_OPEN_ERROR.category(), Category::Api);
    /// ```
    #[must_use]
    pub const fn category(self) -> Category {
        self.0.category
    }

    /// Returns whether another try can help.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, error::Class, error_codes};
    ///
    /// error_codes! {
    ///     /// Says nothing about another try by its status alone.
    ///     pub FUSE_ERROR = 1202, http = 500, class = Permanent;
    /// }
    ///
    /// assert_eq!((ErrorCode::SYNC_ERROR.class(), FUSE_ERROR.class()), (Class::Unknown, Class::Permanent));
    /// ```
    #[must_use]
    pub const fn class(self) -> Class {
        self.0.class
    }

    /// Returns the file and line of the declaration, for example `src/codes.rs:12`; of the codes of
    /// one `error_codes!`, the line of that call.
    ///
    /// # Examples
    ///
    /// ```
    /// gardefou::error_codes! {
    ///     /// Declared here.
    ///     pub SPLICE_ERROR = 1203;
    /// }
    ///
    /// assert!(SPLICE_ERROR.declared_at().starts_with(file!()), "{}", SPLICE_ERROR.declared_at());
    /// ```
    #[must_use]
    pub const fn declared_at(self) -> &'static str {
        self.0.declared_at
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.0.name, self.0.number)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.name)
    }
}

macro_rules! standard_codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $http:literal;)*) => {
        impl ErrorCode {
            $(
                $(#[$doc])*
                pub const $name: Self = Self(&CodeInfo::new(
                    stringify!($name), $number, $http, concat!(file!(), ":", line!()),
                ));
            )*

            /// Every standard code, in the order of the table.
            pub const STANDARD: &'static [Self] = &[$(Self::$name),*];
        }

        /// The standard codes by their bare names, for generated code.
        pub mod standard {
            use super::ErrorCode;
            $(
                $(#[$doc])*
                pub const $name: ErrorCode = ErrorCode::$name;
            )*
        }
    };
}

standard_codes! {
    /// Nothing more is known.
    UNKNOWN_ERROR = 1, 500;
    /// A setting is missing or illegal.
    CONFIG_ERROR = 2, 500;
    /// A component did not start.
    INITIALIZATION_ERROR = 3, 500;
    /// A guarded function panicked.
    PANIC_ERROR = 4, 500;
    /// Its caller dropped the work before it was done.
    CANCELLED_ERROR = 5, 499;
    /// The recording software cannot be reached.
    OBS_CONNECTION_ERROR = 100, 503;
    /// The recording software's stream broke.
    OBS_STREAM_ERROR = 101, 503;
    /// An audio device is missing or refuses to work.
    AUDIO_DEVICE_ERROR = 110, 503;
    /// An audio stream broke.
    AUDIO_STREAM_ERROR = 111, 503;
    /// Streams could not be aligned in time.
    SYNC_ERROR = 120, 500;
    /// The data to be analysed are not fit for it.
    ANALYSIS_DATA_ERROR = 200, 400;
    /// The analysis itself failed.
    ANALYSIS_PROCESSING_ERROR = 201, 500;
    /// No class could be assigned.
    CLASSIFICATION_ERROR = 210, 500;
    /// A model could not be loaded.
    MODEL_LOADING_ERROR = 211, 500;
    /// The database cannot be reached.
    DB_CONNECTION_ERROR = 300, 503;
    /// A query failed.
    DB_QUERY_ERROR = 301, 500;
    /// A write failed.
    DB_WRITE_ERROR = 302, 500;
    /// A write would break a constraint.
    DB_INTEGRITY_ERROR = 303, 400;
    /// A request to this program's own interface is malformed.
    API_REQUEST_ERROR = 400, 400;
    /// A response could not be produced or understood.
    API_RESPONSE_ERROR = 401, 500;
    /// Another service failed.
    EXTERNAL_SERVICE_ERROR = 410, 502;
    /// Too many requests.
    RATE_LIMIT_ERROR = 411, 429;
    /// A circuit breaker rejected the call.
    CIRCUIT_OPEN_ERROR = 412, 503;
    /// The call took too long.
    TIMEOUT_ERROR = 413, 504;
    /// A file does not exist.
    FILE_NOT_FOUND_ERROR = 500, 404;
    /// An access right is missing.
    PERMISSION_ERROR = 501, 403;
    /// A resource is in use.
    RESOURCE_BUSY_ERROR = 502, 423;
    /// A resource is used up.
    RESOURCE_EXHAUSTED_ERROR = 503, 429;
    /// Too many calls at once.
    CONCURRENCY_LIMIT_ERROR = 504, 503;
}

//! `app_error!`, `bail!` and `ensure!`: errors built in place.
//!
//! All three share one grammar: `code, "format {x}", arguments...; key = value, name, ...`, where
//! everything after the code may be left out. Message and details are built only when the error is.

/// Builds an [`AppError`](crate::AppError) in place: a code, a message, details.
///
/// - `app_error!(code)`: the message is the code's name.
/// - `app_error!(code, "message {x}", ...)`: as in `format!`, with inline captures, positional and
///   named arguments.
/// - `app_error!(code, text)`: any one expression with `Display`.
/// - `; key = value, ...` at the end adds details of any `Serialize` type. A key is an identifier
///   or a string literal; a name alone stands for `name = name`; `key = %value` takes the value's
///   `Display` text, `key = ?value` its `Debug` text. Values are borrowed, not moved.
///
/// The error's [location](crate::AppError::location) is the line of the macro call.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorCode, app_error};
///
/// let (host, port) = ("db1", 5432);
/// let err = app_error!(ErrorCode::DB_CONNECTION_ERROR, "no route to {host}"; host, port, "attempt" = 3);
/// assert_eq!(err.to_string(), "no route to db1");
/// assert_eq!(err.details()["port"], 5432);
/// assert_eq!(err.details()["attempt"], 3);
///
/// assert_eq!(app_error!(ErrorCode::SYNC_ERROR).to_string(), "SYNC_ERROR");
/// ```
#[macro_export]
macro_rules! app_error {
    ($code:expr $(,)?) => {
        $crate::error::__macros::from_code($code)
    };
    ($code:expr ; $($details:tt)*) => {
        $crate::__with_details!([$crate::error::__macros::from_code($code)] $($details)*)
    };
    ($code:expr, $($message_and_details:tt)+) => {
        $crate::__app_error!([$code] [] $($message_and_details)+)
    };
}

/// Returns an error from the enclosing function: `return Err(app_error!(..).into())`.
///
/// Takes what [`app_error!`](crate::app_error) takes. The function's error type is any
/// `E: From<AppError>`.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorCode, bail};
///
/// fn connect(host: &str) -> gardefou::Result<()> {
///     bail!(ErrorCode::DB_CONNECTION_ERROR, "no route to {host}"; host = host, port = 5432);
/// }
///
/// let err = connect("db1").unwrap_err();
/// assert!(err.is(ErrorCode::DB_CONNECTION_ERROR));
/// assert_eq!(err.details()["host"], "db1");
/// ```
#[macro_export]
macro_rules! bail {
    // In the block of a boundary, which defines how it is left.
    (@leave($($leave:tt)+) $($args:tt)+) => {
        $($leave)+ $crate::__private::boundary::failed($crate::app_error!($($args)+))
    };
    ($($args:tt)+) => {
        return ::core::result::Result::Err(::core::convert::Into::into($crate::app_error!($($args)+)))
    };
}

/// Returns an error from the enclosing function unless a condition holds.
///
/// After the condition it takes what [`app_error!`](crate::app_error) takes. Without a message, the
/// error's message states the condition as it is written.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorCode, ensure};
///
/// fn half(n: u32) -> gardefou::Result<u32> {
///     ensure!(n % 2 == 0, ErrorCode::ANALYSIS_DATA_ERROR; n);
///     Ok(n / 2)
/// }
///
/// assert_eq!(half(8).unwrap(), 4);
/// let err = half(3).unwrap_err();
/// assert_eq!(err.to_string(), "condition failed: `n % 2 == 0`");
/// assert_eq!(err.details()["n"], 3);
/// ```
#[macro_export]
macro_rules! ensure {
    // In the block of a boundary, which defines how it is left.
    (@leave($($leave:tt)+) $condition:expr, $($args:tt)+) => {
        if $condition {
        } else {
            $($leave)+ $crate::__private::boundary::failed($crate::__ensure_error!($condition, $($args)+));
        }
    };
    ($condition:expr, $($args:tt)+) => {
        if $condition {
        } else {
            return ::core::result::Result::Err(::core::convert::Into::into(
                $crate::__ensure_error!($condition, $($args)+)
            ));
        }
    };
}

/// The error of a failed `ensure!(condition, ...)`; the condition is only quoted, not evaluated.
#[doc(hidden)]
#[macro_export]
macro_rules! __ensure_error {
    ($condition:expr, $code:expr $(,)?) => {
        $crate::error::__macros::from_condition($code, ::core::stringify!($condition))
    };
    ($condition:expr, $code:expr ; $($details:tt)*) => {
        $crate::__with_details!(
            [$crate::error::__macros::from_condition($code, ::core::stringify!($condition))] $($details)*
        )
    };
    ($condition:expr, $($args:tt)+) => {
        $crate::app_error!($($args)+)
    };
}

/// Splits `message; details` at the first semicolon, four tokens a step to stay clear of the
/// recursion limit.
#[doc(hidden)]
#[macro_export]
macro_rules! __app_error {
    ($code:tt [$($m:tt)*]) => { $crate::__message_and_details!($code [$($m)*]) };
    ($code:tt [$($m:tt)*] $a:tt) => { $crate::__message_and_details!($code [$($m)* $a]) };
    ($code:tt [$($m:tt)*] ; $($d:tt)*) => { $crate::__message_and_details!($code [$($m)*] $($d)*) };
    ($code:tt [$($m:tt)*] $a:tt ; $($d:tt)*) => { $crate::__message_and_details!($code [$($m)* $a] $($d)*) };
    ($code:tt [$($m:tt)*] $a:tt $b:tt) => { $crate::__message_and_details!($code [$($m)* $a $b]) };
    ($code:tt [$($m:tt)*] $a:tt $b:tt ; $($d:tt)*) => { $crate::__message_and_details!($code [$($m)* $a $b] $($d)*) };
    ($code:tt [$($m:tt)*] $a:tt $b:tt $c:tt) => { $crate::__message_and_details!($code [$($m)* $a $b $c]) };
    ($code:tt [$($m:tt)*] $a:tt $b:tt $c:tt ; $($d:tt)*) => {
        $crate::__message_and_details!($code [$($m)* $a $b $c] $($d)*)
    };
    ($code:tt [$($m:tt)*] $a:tt $b:tt $c:tt $e:tt $($rest:tt)*) => {
        $crate::__app_error!($code [$($m)* $a $b $c $e] $($rest)*)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __message_and_details {
    ([$code:expr] [] $($details:tt)*) => {
        $crate::__with_details!([$crate::error::__macros::from_code($code)] $($details)*)
    };
    ([$code:expr] [$format:literal $($args:tt)*] $($details:tt)*) => {
        $crate::__with_details!(
            [$crate::error::__macros::from_format($code, ::core::format_args!($format $($args)*))] $($details)*
        )
    };
    ([$code:expr] [$message:expr $(,)?] $($details:tt)*) => {
        $crate::__with_details!(
            [$crate::error::__macros::from_format($code, ::core::format_args!("{}", $message))] $($details)*
        )
    };
    // `concat!(..)` and the like as the format, with arguments.
    ([$code:expr] [$($format:tt)*] $($details:tt)*) => {
        $crate::__with_details!(
            [$crate::error::__macros::from_format($code, ::core::format_args!($($format)*))] $($details)*
        )
    };
}

/// Chains one `with_detail` for each detail.
#[doc(hidden)]
#[macro_export]
macro_rules! __with_details {
    ([$error:expr]) => { $error };
    ([$error:expr] % $name:ident $(, $($rest:tt)*)?) => {
        $crate::__with_details!([$error] $name = % $name $(, $($rest)*)?)
    };
    ([$error:expr] ? $name:ident $(, $($rest:tt)*)?) => {
        $crate::__with_details!([$error] $name = ? $name $(, $($rest)*)?)
    };
    ([$error:expr] $name:ident $(, $($rest:tt)*)?) => {
        $crate::__with_details!([$error] $name = $name $(, $($rest)*)?)
    };
    ([$error:expr] $key:ident = % $value:expr $(, $($rest:tt)*)?) => {
        $crate::__with_details!(
            [$error.with_detail(::core::stringify!($key), $crate::error::__macros::display(&$value))] $($($rest)*)?
        )
    };
    ([$error:expr] $key:ident = ? $value:expr $(, $($rest:tt)*)?) => {
        $crate::__with_details!(
            [$error.with_detail(::core::stringify!($key), $crate::error::__macros::debug(&$value))] $($($rest)*)?
        )
    };
    ([$error:expr] $key:ident = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__with_details!([$error.with_detail(::core::stringify!($key), &$value)] $($($rest)*)?)
    };
    ([$error:expr] $key:literal = % $value:expr $(, $($rest:tt)*)?) => {
        $crate::__with_details!([$error.with_detail($key, $crate::error::__macros::display(&$value))] $($($rest)*)?)
    };
    ([$error:expr] $key:literal = ? $value:expr $(, $($rest:tt)*)?) => {
        $crate::__with_details!([$error.with_detail($key, $crate::error::__macros::debug(&$value))] $($($rest)*)?)
    };
    ([$error:expr] $key:literal = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__with_details!([$error.with_detail($key, &$value)] $($($rest)*)?)
    };
    // With the error, so that an import for it does not count as unused.
    ([$error:expr] $($other:tt)*) => {{
        ::core::compile_error!(::core::concat!(
            "a detail is `key = value`, `key = %value`, `key = ?value` or a name alone; found `",
            ::core::stringify!($($other)*),
            "`"
        ));
        $error
    }};
}

/// What the macros above call.
#[doc(hidden)]
pub mod __macros {
    use crate::error::{AppError, Category, Class, CodeInfo, Coding, ErrorCode, details};
    use std::fmt;

    pub use inventory;

    /// The declaration of one code in `error_codes!`. It is evaluated at compile time, where a
    /// panic is a compile error.
    #[derive(Clone, Copy, Debug)]
    pub struct Declaration {
        name: &'static str,
        number: u32,
        declared_at: &'static str,
        http: Option<u16>,
        class: Option<Class>,
        category: Option<Category>,
    }

    impl Declaration {
        #[must_use]
        pub const fn new(name: &'static str, number: u32, declared_at: &'static str) -> Self {
            assert!(number != 0, "error_codes!: the number must be at least 1");
            Self {
                name,
                number,
                declared_at,
                http: None,
                class: None,
                category: None,
            }
        }

        #[must_use]
        pub const fn http(self, status: u16) -> Self {
            assert!(self.http.is_none(), "error_codes!: `http` is given twice");
            Self {
                http: Some(status),
                ..self
            }
        }

        #[must_use]
        pub const fn class(self, class: Class) -> Self {
            assert!(self.class.is_none(), "error_codes!: `class` is given twice");
            Self {
                class: Some(class),
                ..self
            }
        }

        #[must_use]
        pub const fn category(self, category: Category) -> Self {
            assert!(
                self.category.is_none(),
                "error_codes!: `category` is given twice"
            );
            Self {
                category: Some(category),
                ..self
            }
        }

        #[must_use]
        pub const fn finish(self) -> CodeInfo {
            let status = match self.http {
                Some(status) => status,
                None => 500,
            };
            let mut info = CodeInfo::new(self.name, self.number, status, self.declared_at);
            if let Some(class) = self.class {
                info = info.class(class);
            }
            if let Some(category) = self.category {
                info = info.category(category);
            }
            info
        }
    }

    #[track_caller]
    #[cold]
    #[must_use]
    pub fn from_code(code: ErrorCode) -> AppError {
        AppError::new(code, code.name())
    }

    #[track_caller]
    #[cold]
    #[must_use]
    pub fn from_format(code: ErrorCode, message: fmt::Arguments<'_>) -> AppError {
        AppError::new(code, details::message(message))
    }

    #[track_caller]
    #[cold]
    #[must_use]
    pub fn from_condition(code: ErrorCode, condition: &str) -> AppError {
        AppError::new(code, format!("condition failed: `{condition}`"))
    }

    /// Applies a mapping of `coded!`; here, so that the type of its argument is known.
    pub fn coding<E, C: Into<Coding>>(
        error: &E,
        mapping: impl FnOnce(&E) -> Option<C>,
    ) -> Option<Coding> {
        mapping(error).map(Into::into)
    }

    #[cold]
    #[must_use]
    pub fn display(value: &dyn fmt::Display) -> String {
        details::display(value)
    }

    #[cold]
    #[must_use]
    pub fn debug(value: &dyn fmt::Debug) -> String {
        details::display(format_args!("{value:?}"))
    }
}

//! `error_codes!`: an application's own codes.

/// Declares error codes: constants of type [`ErrorCode`](crate::ErrorCode) with a name, a number
/// and what follows from them.
///
/// ```text
/// error_codes! {
///     /// Documentation and other attributes.
///     pub NAME = number, http = status, class = Class, category = Category;
/// }
/// ```
///
/// - The number is any `u32` constant; it is not an HTTP status. Two codes of one invocation that
///   share a number do not compile. Codes of different invocations or crates that do, and codes
///   that share a standard code's number or name, are found by
///   [`code_clashes`](crate::error::code_clashes) and reported when the system is initialised.
/// - `http` is a status from 100 to 599; 500 where it is left out.
/// - `class` is `Transient`, `Permanent` or `Unknown`, or a path to a constant of type
///   [`Class`](crate::error::Class); it follows from the status where it is left out.
/// - `category` is the name of a [`Category`](crate::error::Category), a path to a constant of that
///   type, or a string, which stands for the application's own; it follows from the number where it
///   is left out.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, error::{Category, Class}, error_codes};
///
/// error_codes! {
///     /// The model does not fit the data's version.
///     pub MODEL_VERSION_ERROR = 212, http = 409, class = Permanent;
///     /// The tape robot does not answer.
///     pub TAPE_ROBOT_ERROR = 1100, http = 503, category = "Archive";
/// }
///
/// assert_eq!((MODEL_VERSION_ERROR.name(), MODEL_VERSION_ERROR.number()), ("MODEL_VERSION_ERROR", 212));
/// assert_eq!((MODEL_VERSION_ERROR.http_status(), MODEL_VERSION_ERROR.class()), (409, Class::Permanent));
/// assert_eq!(MODEL_VERSION_ERROR.category(), Category::Analysis);
/// assert_eq!(TAPE_ROBOT_ERROR.category(), Category::Custom("Archive"));
///
/// let err = AppError::new(MODEL_VERSION_ERROR, "model 3 cannot read data of version 4");
/// assert!(err.is(MODEL_VERSION_ERROR));
/// ```
///
/// ```compile_fail
/// gardefou::error_codes! {
///     FIRST = 2000;
///     SECOND = 2000; // discriminant value `2000` assigned more than once
/// }
/// ```
#[macro_export]
macro_rules! error_codes {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis $name:ident = $number:expr
        $(, $key:ident = $value:tt $(:: $segment:tt)* $(( $($argument:tt)* ))?)* $(,)?;
    )*) => {
        $crate::__distinct_numbers!($($(#[$attribute])* $name = $number,)*);
        $(
            $(#[$attribute])*
            $visibility const $name: $crate::ErrorCode = $crate::ErrorCode::from_info(&const {
                let declaration = $crate::error::__macros::Declaration::new(
                    ::core::stringify!($name),
                    $number,
                    ::core::concat!(::core::file!(), ":", ::core::line!()),
                );
                $(
                    let declaration = $crate::__code_key!(
                        declaration, $name, $key, $value $(:: $segment)* $(( $($argument)* ))?
                    );
                )*
                declaration.finish()
            });
            // With its attributes, of which a `cfg` must hold here as well.
            $(#[$attribute])*
            #[allow(deprecated)]
            const _: () = {
                $crate::error::__macros::inventory::submit! { $name }
            };
        )*
    };
}

/// An enum of all numbers: the compiler refuses one that stands twice, and points at both.
#[doc(hidden)]
#[macro_export]
macro_rules! __distinct_numbers {
    () => {};
    ($($(#[$attribute:meta])* $name:ident = $number:expr,)+) => {
        const _: () = {
            #[repr(u32)]
            #[allow(non_camel_case_types, dead_code, clippy::upper_case_acronyms, clippy::enum_variant_names)]
            enum NumbersOfErrorCodes {
                $($(#[$attribute])* $name = $number,)+
            }
        };
    };
}

/// Sets one key of a declaration.
#[doc(hidden)]
#[macro_export]
macro_rules! __code_key {
    ($declaration:ident, $name:ident, http, $($status:tt)+) => {{
        const __GARDEFOU_STATUS: u16 = $($status)+;
        const _: () = ::core::assert!(
            __GARDEFOU_STATUS >= 100 && __GARDEFOU_STATUS <= 599,
            ::core::concat!("error_codes!: the `http` status of `", ::core::stringify!($name), "` must be from 100 to 599")
        );
        $declaration.http(__GARDEFOU_STATUS)
    }};
    ($declaration:ident, $name:ident, class, $class:ident) => {
        $declaration.class($crate::error::Class::$class)
    };
    ($declaration:ident, $name:ident, class, $($class:tt)+) => {
        $declaration.class($($class)+)
    };
    ($declaration:ident, $name:ident, category, $category:literal) => {
        $declaration.category($crate::error::Category::Custom($category))
    };
    ($declaration:ident, $name:ident, category, $category:ident $(($($text:tt)*))?) => {
        $declaration.category($crate::error::Category::$category $(($($text)*))?)
    };
    ($declaration:ident, $name:ident, category, $($category:tt)+) => {
        $declaration.category($($category)+)
    };
    ($declaration:ident, $name:ident, $key:ident, $($value:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "error_codes!: `", ::core::stringify!($key), "` is not a key; a code has `http`, `class` and `category`"
        ))
    };
}

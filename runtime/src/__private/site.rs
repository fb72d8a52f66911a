//! The statics of a call site.

pub use crate::system::{GuardedFunction as Guarded, Registered};

/// Enters a function in the list of guarded ones when the program is linked.
#[doc(hidden)]
#[macro_export]
macro_rules! __gardefou_submit {
    ($guarded:ident) => {
        $crate::__private::inventory::submit! { $crate::__private::Registered(&$guarded) }
    };
}

/// Describes a function at the place of the expansion.
#[doc(hidden)]
#[macro_export]
macro_rules! __gardefou_here {
    ($name:literal, $line:expr) => {
        $crate::__private::Operation::new($name, $crate::__private::module_path!(), $crate::__private::file!(), $line)
    };
}

//! Built-in mappings: errors of `std`, of `serde_json`, and of the crates that a feature names.

use super::{
    coded::Coding,
    mapped_type::{MappedType, contained},
};
use crate::error::{Class, ConfigError, ErrorCode, Rejection, StdError};
use std::{error::Error, io, sync::Arc};

/// An error type with a built-in mapping.
pub(crate) trait BuiltIn: Error + 'static {
    fn coding(&self) -> Option<Coding>;
}

impl<E: BuiltIn> BuiltIn for Arc<E> {
    fn coding(&self) -> Option<Coding> {
        (**self).coding()
    }
}

impl<E: BuiltIn> BuiltIn for Box<E> {
    fn coding(&self) -> Option<Coding> {
        (**self).coding()
    }
}

const fn mapped<T: BuiltIn>() -> MappedType {
    // Without a look through `Arc` and `Box`, which costs more than the few sources of these types
    // are worth.
    MappedType::new::<T>(
        |level| {
            level
                .downcast_ref::<T>()
                .map(|error| contained(|| error.coding()))
        },
        "",
    )
}

macro_rules! built_in {
    ($($(#[$cfg:meta])? $type:ty => $coding:expr;)+) => {
        $(
            $(#[$cfg])?
            impl BuiltIn for $type {
                fn coding(&self) -> Option<Coding> {
                    let coding: fn(&Self) -> Option<Coding> = $coding;
                    coding(self)
                }
            }
        )+

        pub(super) static BUILT_IN: &[MappedType] = &[$($(#[$cfg])? mapped::<$type>()),+];
    };
}

const PERMANENT: Option<Coding> = Some(Coding::from_class(Class::Permanent));

built_in! {
    io::Error => |error| match error.get_ref() {
        // What gardefou put into it knows more than the kind.
        Some(hidden) if hidden.is::<StdError>() || hidden.is::<Rejection>() => None,
        _ => of_io_kind(error.kind()),
    };
    std::num::ParseIntError => |_| PERMANENT;
    std::num::ParseFloatError => |_| PERMANENT;
    std::num::TryFromIntError => |_| PERMANENT;
    std::str::ParseBoolError => |_| PERMANENT;
    std::str::Utf8Error => |_| PERMANENT;
    std::string::FromUtf8Error => |_| PERMANENT;
    std::string::FromUtf16Error => |_| PERMANENT;
    std::char::ParseCharError => |_| PERMANENT;
    std::char::CharTryFromError => |_| PERMANENT;
    std::char::TryFromCharError => |_| PERMANENT;
    std::char::DecodeUtf16Error => |_| PERMANENT;
    std::net::AddrParseError => |_| PERMANENT;
    std::array::TryFromSliceError => |_| PERMANENT;
    std::ffi::NulError => |_| PERMANENT;
    std::ffi::FromBytesWithNulError => |_| PERMANENT;
    std::ffi::FromBytesUntilNulError => |_| PERMANENT;
    std::ffi::IntoStringError => |_| PERMANENT;
    std::time::TryFromFloatSecsError => |_| PERMANENT;
    std::env::VarError => |_| PERMANENT;
    std::path::StripPrefixError => |_| PERMANENT;
    serde_json::Error => |error| match error.io_error_kind() {
        Some(kind) => of_io_kind(kind),
        None => PERMANENT,
    };
    ConfigError => |_| Some(ErrorCode::CONFIG_ERROR.into());
    #[cfg(feature = "hyper-1")]
    hyper_1::Error => |error| super::http::of_hyper(error);
    #[cfg(feature = "reqwest-0_13")]
    reqwest_0_13::Error => |error| super::http::of_reqwest(error);
    #[cfg(feature = "reqwest-middleware")]
    reqwest_middleware::Error => |error| match error {
        reqwest_middleware::Error::Reqwest(error) => super::http::of_reqwest(error),
        // What a middleware returned is found in the chain of sources.
        reqwest_middleware::Error::Middleware(_) => None,
    };
    #[cfg(feature = "sqlx-0_9")]
    sqlx_0_9::Error => |error| super::sqlx::of_error(error);
}

/// Returns the class of an input or output error: permanent where the same call fails again,
/// transient where it may pass.
fn of_io_kind(kind: io::ErrorKind) -> Option<Coding> {
    use io::ErrorKind::{
        AddrInUse, AlreadyExists, ArgumentListTooLong, BrokenPipe, ConnectionAborted,
        ConnectionRefused, ConnectionReset, CrossesDevices, DirectoryNotEmpty, ExecutableFileBusy,
        FileTooLarge, HostUnreachable, Interrupted, InvalidData, InvalidFilename, InvalidInput,
        IsADirectory, NetworkDown, NetworkUnreachable, NotADirectory, NotConnected, NotFound,
        NotSeekable, PermissionDenied, ReadOnlyFilesystem, ResourceBusy, TimedOut, TooManyLinks,
        Unsupported, WouldBlock,
    };
    let class = match kind {
        NotFound | PermissionDenied | InvalidInput | InvalidData | AlreadyExists | Unsupported
        | IsADirectory | NotADirectory | DirectoryNotEmpty | ReadOnlyFilesystem | NotSeekable
        | FileTooLarge | CrossesDevices | TooManyLinks | InvalidFilename | ArgumentListTooLong => {
            Class::Permanent
        }
        ConnectionRefused | ConnectionReset | ConnectionAborted | NotConnected | BrokenPipe
        | TimedOut | Interrupted | WouldBlock | HostUnreachable | NetworkUnreachable
        | NetworkDown | AddrInUse | ResourceBusy | ExecutableFileBusy => Class::Transient,
        _ => return None,
    };
    Some(Coding::from_class(class))
}

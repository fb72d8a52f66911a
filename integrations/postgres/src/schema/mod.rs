//! The tables of the database: versions, and partitions by day.

mod migrations;
mod partitions;

pub(crate) use migrations::{check, migrate};
pub(crate) use partitions::{Days, add_days, days, drop_day, expire, lock_days, prepare};

/// Returns a number by which all programs that use a schema lock one thing about it.
///
/// FNV-1a, the same in every version of the library.
fn lock_number(schema: &str, what: &str) -> i64 {
    let bytes = what.bytes().chain([0]).chain(schema.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}

//! Outcomes of guarded functions, passed on in parts.

/// Returns an outcome whose value goes by itself, in registers where it fits them.
///
/// The function has written tag and value by a store each. A guard that passes the outcome on as a
/// whole copies it right after that by wider loads, which wait until the stores have left the
/// processor's buffer: that costs more than all else a guard does. An error is moved as a whole,
/// apart.
#[inline(always)]
pub(crate) fn in_parts<T, E>(outcome: Result<T, E>) -> Result<T, E> {
    match outcome {
        Ok(value) => succeeded(value),
        Err(error) => Err(error),
    }
}

/// Makes an `Ok` that stays one: of an `Ok` of what was taken out of an `Ok`, rustc makes a copy of the
/// whole again. Only LLVM looks through the pointer.
#[inline(always)]
pub(crate) fn succeeded<T, E>(value: T) -> Result<T, E> {
    let ok: fn(T) -> Result<T, E> = Ok;
    ok(value)
}

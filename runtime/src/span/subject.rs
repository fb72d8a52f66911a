//! What the span of a call is about.

/// What the span of a call is about. All texts are redacted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// The kind of the guard, for example `retry`.
    pub(crate) guard: &'static str,
    pub(crate) name: &'a str,
    /// The guarded function; none of calls by hand.
    pub(crate) function: Option<Function<'a>>,
    /// `retry` or `hedge`, where the guard makes attempts: then there is one at least.
    pub(crate) attempts_of: Option<&'static str>,
}

/// A guarded function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    /// With its module.
    pub(crate) path: &'a str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

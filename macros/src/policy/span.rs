//! The key `span`.

use crate::{
    args::{Args, value},
    diag::Diag,
};

/// The span of the calls of one attribute.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    /// Whether calls have one unless a configuration says otherwise.
    pub(crate) is_on: bool,
}

impl Span {
    /// Takes the key; `None` if the attribute has none, so that there is no code for it.
    pub(crate) fn from_args(args: &mut Args, diag: &mut Diag) -> Option<Self> {
        let value = args.take("span")?;
        let is_on = value::flag("span", value, diag)?;
        Some(Self { is_on })
    }
}

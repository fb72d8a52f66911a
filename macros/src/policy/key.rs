//! `key = expr`: a guard for each value of an expression over the arguments.

use super::setters::Setters;
use crate::{
    args::{Args, value},
    diag::Diag,
    groups::ungrouped,
};
use proc_macro2::TokenStream;
use syn::{Expr, Ident, Path};

/// The expression that chooses a guard, which a retry and a breaker of one attribute share.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) expr: Expr,
    max_keys: Option<(Ident, TokenStream)>,
}

impl Key {
    /// Takes `key`, and `max_keys`, the bound on the number of guards.
    pub(crate) fn from_args(args: &mut Args, krate: &Path, diag: &mut Diag) -> Option<Self> {
        let expr = args.take("key").map(ungrouped);
        if let Some(expr @ (Expr::Lit(_) | Expr::Closure(_))) = &expr {
            diag.at(
                expr,
                "`key` takes an expression over the arguments, for example `key = tenant`: each value has its own guard",
            );
        }
        let bound = args.take_with_key("max_keys");
        if let (Some((ident, _)), None) = (&bound, &expr)
            && !args.was_meant("key")
        {
            diag.at(
                ident,
                "`max_keys` needs `key`, the expression that chooses among the guards",
            );
        }
        let max_keys = bound.and_then(|(ident, value)| {
            let value = value::integer("max_keys", value, 1..=1_000_000, diag)?;
            Some((ident, value.positive_tokens(krate)))
        });
        Some(Self {
            expr: expr?,
            max_keys,
        })
    }

    pub(super) fn push_to(&self, setters: &mut Setters) {
        if let Some((ident, value)) = &self.max_keys {
            setters.push(ident, "max_keys", value.clone());
        }
    }

    /// Returns the bound on the number of guards, if it is given.
    pub(crate) fn max_keys(&self) -> Option<&TokenStream> {
        self.max_keys.as_ref().map(|(_, value)| value)
    }
}

//! `key = expr`: a guard for each value of an expression over the arguments.

use super::setters::Reader;
use crate::{
    args::{Args, value},
    diag::Diag,
    groups::ungrouped,
};
use syn::Expr;

/// The expression that chooses a guard.
pub(crate) struct Key {
    pub(crate) expr: Expr,
}

impl Key {
    pub(super) fn from_args(args: &mut Args, diag: &mut Diag) -> Option<Self> {
        let expr = ungrouped(args.take("key")?);
        if let Expr::Lit(_) | Expr::Closure(_) = &expr {
            diag.at(
                &expr,
                "`key` takes an expression over the arguments, for example `key = tenant`: each value has its own guard",
            );
        }
        Some(Self { expr })
    }
}

/// Takes `max_keys`, the bound on the number of guards.
pub(super) fn max_keys(reader: &mut Reader<'_>, key: Option<&Key>) {
    let mut given = None;
    if let Some((ident, expr)) = reader.args.take_with_key("max_keys") {
        given = Some(ident.clone());
        if let Some(value) = value::integer("max_keys", expr, 1..=1_000_000, reader.diag) {
            let tokens = value.positive_tokens(reader.krate);
            reader.setters.push(&ident, "max_keys", tokens);
        }
    }
    if let (Some(ident), None) = (given, key)
        && !reader.args.was_meant("key")
    {
        reader.diag.at(
            &ident,
            "`max_keys` needs `key`, the expression that chooses among the guards",
        );
    }
}

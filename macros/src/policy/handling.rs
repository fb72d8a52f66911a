//! Settings of `#[enhanced_error_handling]`.

use super::level::log_level;
use crate::{
    args::{Args, value},
    diag::Diag,
    groups::ungrouped,
};
use proc_macro2::TokenStream;
use syn::{Expr, Ident, Path};

pub(crate) struct Handling {
    pub(crate) code: Option<Expr>,
    pub(crate) level: Option<TokenStream>,
    pub(crate) rethrow: bool,
    pub(crate) fallback: Option<Expr>,
    pub(crate) catch_panics: bool,
    pub(crate) capture: Vec<Ident>,
}

impl Handling {
    pub(crate) fn from_args(args: &mut Args, krate: &Path, diag: &mut Diag) -> Self {
        let code = args
            .take("error_code")
            .and_then(|value| value::code("error_code", value, diag));
        let level = args
            .take("log_level")
            .and_then(|value| log_level("log_level", value, krate, diag));
        // `Some(None)` if the value was invalid and is reported already.
        let rethrow = args
            .take("rethrow")
            .map(|value| value::flag("rethrow", value, diag));
        let catch_panics = args
            .take("catch_panics")
            .and_then(|value| value::flag("catch_panics", value, diag));
        let fallback = args.take_with_key("fallback");
        if let Some((key, _)) = &fallback
            && !matches!(rethrow, Some(Some(false) | None))
        {
            diag.at(key, "`fallback` is only used with `rethrow = false`");
        }
        Self {
            code,
            level,
            rethrow: rethrow.flatten().unwrap_or(true),
            fallback: fallback.map(|(_, value)| ungrouped(value)),
            catch_panics: catch_panics.unwrap_or(false),
            capture: captured(args, diag),
        }
    }
}

/// Takes the arguments that `capture(a, b)` lists.
fn captured(args: &mut Args, diag: &mut Diag) -> Vec<Ident> {
    let mut names: Vec<Ident> = Vec::new();
    let Some((key, items)) = args.take_list("capture") else {
        return names;
    };
    if items.is_empty() {
        diag.at(
            key,
            "`capture` lists no arguments: list some, `capture(a, b)`, or remove it",
        );
    }
    for item in items {
        let item = ungrouped(item);
        let name = match &item {
            Expr::Path(path) => path.path.get_ident(),
            _ => None,
        };
        match name {
            None => diag.at(item, "`capture` takes names of arguments: `capture(a, b)`"),
            Some(name) if names.contains(name) => {
                diag.at(item, "this argument is captured twice");
            }
            Some(name) => names.push(name.clone()),
        }
    }
    names
}

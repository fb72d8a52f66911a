//! The runtime crate, by its own name or by the one that `crate = path` gives it.

use crate::{
    args::Args,
    diag::Diag,
    span::{at, own, own_at},
};
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Path, parse_quote_spanned};

/// How generated code names the runtime crate.
pub(crate) struct Krate {
    /// As the user wrote it, for what expands later.
    pub(crate) written: Path,
    /// For all paths of one expansion.
    pub(crate) path: Path,
    /// Stands before them.
    pub(crate) import: TokenStream,
}

impl Krate {
    /// Takes `crate = path`. It is imported under a name of the expansion's: a crate that is not
    /// there is one error then, and not one for each path into it.
    pub(crate) fn from_args(args: &mut Args, diag: &mut Diag) -> Self {
        let span = Span::mixed_site();
        let Some(written) = args.take_crate(diag) else {
            let own: Path = parse_quote_spanned!(span=> ::gardefou);
            return Self {
                written: own.clone(),
                path: own,
                import: TokenStream::new(),
            };
        };
        // Import and name at the user's path, where it is told that it leads nowhere.
        let span = at(&written);
        let name = own_at("gardefou", span);
        let import = quote_spanned!(span=> use #written as #name;);
        Self {
            written,
            path: own("gardefou").into(),
            import,
        }
    }
}

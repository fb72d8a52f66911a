//! The path to the runtime crate.

use crate::{
    args::Args,
    diag::Diag,
    span::{at, local, local_at},
};
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Path, parse_quote_spanned};

/// How generated code names the runtime crate.
pub(crate) struct Krate {
    /// As the user wrote it, for attributes that expand later.
    pub(crate) written: Path,
    /// The path in this expansion.
    pub(crate) path: Path,
    /// The `use` that `path` needs.
    pub(crate) import: TokenStream,
}

impl Krate {
    /// Takes `crate = path`. A path other than the default is imported under a name of the
    /// expansion, so that a missing crate is one error and not one for each path into it.
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
        // Import and name have the user's span: an unresolved path is reported there.
        let span = at(&written);
        let name = local_at("gardefou", span);
        let import = quote_spanned!(span=> use #written as #name;);
        Self {
            written,
            path: local("gardefou").into(),
            import,
        }
    }
}

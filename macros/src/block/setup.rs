//! Keys of both block macros.

use super::{call::Call, flow::runtime};
use crate::{
    args::{Args, value},
    diag::Diag,
    krate::Krate,
    policy::{LEVELS, variant_of},
    span::at,
};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Expr, Path};

/// The name, the code and the level of a boundary.
pub(super) struct Setup {
    pub(super) krate: Path,
    /// The `use` that `krate` needs.
    pub(super) import: TokenStream,
    name: TokenStream,
    code: Option<Expr>,
    level: Option<TokenStream>,
    pub(super) catch_panics: bool,
}

impl Setup {
    pub(super) fn from_call(call: &mut Call, diag: &mut Diag) -> Self {
        let args = &mut call.args;
        let Krate {
            path: krate,
            import,
            ..
        } = Krate::from_args(args, diag);
        let code = args
            .take("error_code")
            .and_then(|expr| value::code("error_code", expr, diag));
        let level = level(args, &krate, diag);
        let catch_panics = args
            .take("catch_panics")
            .and_then(|expr| value::flag("catch_panics", expr, diag));
        let name = match &call.name {
            Some(name) => name.text_tokens(&krate),
            None => quote!("unnamed"),
        };
        Self {
            krate,
            import,
            name,
            code,
            level,
            catch_panics: catch_panics.unwrap_or(false),
        }
    }

    /// Returns the path to the items that the expansion calls.
    pub(super) fn runtime(&self) -> TokenStream {
        runtime(&self.krate)
    }

    /// Returns the description of the call, as an expression.
    pub(super) fn operation(&self) -> TokenStream {
        let (runtime, name) = (self.runtime(), &self.name);
        // Not a static: the name may be a constant of a type parameter, and the compiler reports
        // that a variable would need to be a `const`.
        quote! {
            const { &#runtime::Operation::new(#name, ::core::module_path!(), ::core::file!(), ::core::line!()) }
        }
    }

    /// Returns code and level, as an expression.
    pub(super) fn tokens(&self) -> TokenStream {
        let runtime = self.runtime();
        let code = self
            .code
            .as_ref()
            .map(|code| quote_spanned!(at(code)=> .error_code(#code)));
        let level = self.level.as_ref().map(|level| quote!(.log_level(#level)));
        quote!(#runtime::Setup::new() #code #level)
    }
}

fn level(args: &mut Args, krate: &Path, diag: &mut Diag) -> Option<TokenStream> {
    let value = value::choice("log_level", args.take("log_level")?, LEVELS, diag)?;
    let Some(known) = value.known else {
        let expr = value.expr;
        return Some(quote!(#expr));
    };
    let (runtime, variant) = (runtime(krate), variant_of(&known));
    Some(quote!(#runtime::LogLevel::#variant))
}

//! Settings of `#[log_sensitive_operations]`.

use super::level::log_level;
use crate::{
    args::{Args, value},
    diag::Diag,
    groups::ungrouped,
};
use proc_macro2::TokenStream;
use syn::{Expr, Path};

pub(crate) struct Audit {
    pub(crate) name: TokenStream,
    pub(crate) user: Option<Expr>,
    pub(crate) success_level: Option<TokenStream>,
    pub(crate) error_level: Option<TokenStream>,
}

impl Audit {
    pub(crate) fn from_args(args: &mut Args, krate: &Path, diag: &mut Diag) -> Self {
        let missing =
            "the name of the operation is missing: write `#[log_sensitive_operations(\"...\")]`";
        let name = value::required_name(args, missing, diag);
        let mut level = |key: &'static str| {
            args.take(key)
                .and_then(|value| log_level(key, value, krate, diag))
        };
        let (success_level, error_level) = (level("success_level"), level("error_level"));
        Self {
            name: name.map_or_else(TokenStream::new, |name| name.text_tokens(krate)),
            user: args.take("user").map(ungrouped),
            success_level,
            error_level,
        }
    }
}

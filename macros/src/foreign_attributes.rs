//! Attributes of the compiler and its tools, which rewrite nothing.

use syn::{Attribute, Meta, Path, Token, parse::Parser, punctuated::Punctuated};

/// Returns `true` if an attribute only marks the function and expands to nothing.
pub(crate) fn is_inert(attribute: &Attribute) -> bool {
    is_inert_meta(attribute.path(), &attribute.meta)
}

fn is_inert_meta(path: &Path, meta: &Meta) -> bool {
    const BUILT_IN: &[&str] = &[
        "allow",
        "automatically_derived",
        "bench",
        "cfg",
        "cold",
        "coverage",
        "deny",
        "deprecated",
        "doc",
        "expect",
        "export_name",
        "forbid",
        "ignore",
        "inline",
        "link_section",
        "must_use",
        "naked",
        "no_mangle",
        "optimize",
        "proc_macro",
        "proc_macro_attribute",
        "proc_macro_derive",
        "rustc_dummy",
        "should_panic",
        "target_feature",
        "test",
        "track_caller",
        "unsafe",
        "warn",
    ];
    const TOOLS: &[&str] = &[
        "clippy",
        "diagnostic",
        "miri",
        "rust_analyzer",
        "rustc",
        "rustdoc",
        "rustfmt",
    ];
    let Some(first) = path.segments.first() else {
        return true;
    };
    if path.is_ident("cfg_attr") {
        // The attributes in it follow the condition.
        let Meta::List(list) = meta else { return true };
        let metas = Punctuated::<Meta, Token![,]>::parse_terminated;
        let metas = Parser::parse2(metas, list.tokens.clone());
        return metas.is_ok_and(|metas| {
            metas
                .iter()
                .skip(1)
                .all(|meta| is_inert_meta(meta.path(), meta))
        });
    }
    match path.segments.len() {
        1 => BUILT_IN.iter().any(|name| first.ident == name),
        _ => TOOLS.iter().any(|name| first.ident == name),
    }
}

//! Functions that attributes cannot guard.

use crate::{
    args::nearest,
    diag::Diag,
    groups::ungrouped_type,
    model::{Function, params},
    policy::Handling,
};
use quote::ToTokens;
use syn::Type;

/// Reports functions that no attribute can guard.
pub(crate) fn function(function: &Function, diag: &mut Diag) {
    let sig = &function.sig;
    if let Some(constness) = &sig.constness {
        diag.at(
            constness,
            "a `const fn` cannot be wrapped: the generated code needs run-time state",
        );
    }
    if let Some(variadic) = &sig.variadic {
        diag.at(
            variadic,
            "a variadic function cannot be wrapped: its arguments cannot be passed on",
        );
    }
    match function.returns() {
        None => diag.at(
            &sig.ident,
            "the function must return `Result<T, E>`; it returns `()`",
        ),
        Some(ty) => {
            let is_parameter = |ty: &Type| match ungrouped_type(ty) {
                Type::Path(path) if path.qself.is_none() => sig
                    .generics
                    .type_params()
                    .any(|param| path.path.is_ident(&param.ident)),
                _ => false,
            };
            let found =
                not_a_result(ty).or_else(|| is_parameter(ty).then(|| text_of(ungrouped_type(ty))));
            if let Some(found) = found {
                diag.at(
                    ty,
                    format!("the function must return `Result<T, E>`; it returns `{found}`"),
                );
            }
        }
    }
}

/// Whether the runtime crate has the async forms of breakers, retries and health checks.
pub(crate) const HAS_ASYNC: bool = cfg!(feature = "async");

/// Reports an async function if the runtime has no async forms; `async_word` are the tokens that
/// make it async.
pub(crate) fn asynchronous(async_word: &dyn ToTokens, has_async: bool, diag: &mut Diag) {
    if !has_async {
        diag.at(
            async_word,
            "this attribute on an async function needs gardefou's feature `async`",
        );
    }
}

/// Reports names in `capture` that are not arguments.
pub(crate) fn captured_arguments(function: &Function, handling: &Handling, diag: &mut Diag) {
    let mut arguments: Vec<String> = params::bindings(function)
        .iter()
        .map(|bound| bound.ident.to_string())
        .collect();
    arguments.extend(function.sig.receiver().map(|_| "self".to_owned()));
    for name in &handling.capture {
        if arguments.iter().any(|argument| name == argument) {
            continue;
        }
        if name == "self" {
            diag.at(name, "`self` cannot be captured: this function has none");
        } else {
            let near = nearest(&name.to_string(), arguments.iter().map(String::as_str));
            let hint = near
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            diag.at(name, format!("the function has no argument `{name}`{hint}"));
        }
    }
}

/// Returns the text of a type that is not a `Result` under any name; all others are left to the
/// compiler.
fn not_a_result(ty: &Type) -> Option<String> {
    const PLAIN: &[&str] = &[
        "bool", "char", "str", "String", "Option", "Poll", "Vec", "Box", "Arc", "Rc", "i8", "i16",
        "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize", "f32", "f64",
    ];
    let plain = ungrouped_type(ty);
    let no_result = match plain {
        Type::Path(path) if path.qself.is_none() => {
            let segments = &path.path.segments;
            let from_std = segments
                .first()
                .is_some_and(|first| first.ident == "std" || first.ident == "core");
            (segments.len() == 1 || from_std)
                && segments
                    .last()
                    .is_some_and(|last| PLAIN.iter().any(|name| last.ident == name))
        }
        Type::ImplTrait(_) | Type::TraitObject(_) | Type::FnPtr(_) => true,
        Type::Tuple(_)
        | Type::Reference(_)
        | Type::Array(_)
        | Type::Slice(_)
        | Type::Never(_)
        | Type::Ptr(_) => true,
        _ => false,
    };
    no_result.then(|| text_of(plain))
}

/// Returns a type as users write it, without the blanks between tokens.
fn text_of(ty: &Type) -> String {
    let text = ty.to_token_stream().to_string();
    let text = text
        .replace(" < ", "<")
        .replace(" >", ">")
        .replace(" :: ", "::")
        .replace(" ,", ",");
    text.replace("& ", "&")
        .replace("( ", "(")
        .replace(" )", ")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn async_function_without_the_async_feature_is_one_error() {
        let word: syn::Token![async] = syn::parse_quote!(async);
        let mut diag = Diag::default();
        asynchronous(&word, false, &mut diag);
        assert_eq!(
            diag.texts(),
            ["this attribute on an async function needs gardefou's feature `async`"]
        );
        let mut diag = Diag::default();
        asynchronous(&word, true, &mut diag);
        assert!(diag.is_empty());
    }
}

//! One argument as the user wrote it.

use super::Spec;
use proc_macro2::TokenStream;
use syn::{
    Expr, Ident, Token,
    ext::IdentExt,
    parse::{Parse, ParseStream, Parser, discouraged::Speculative},
    punctuated::Punctuated,
};

/// One argument as the user wrote it.
pub(crate) enum Written {
    /// `key = value`.
    Pair(Ident, Expr),
    /// `key(a, b)`.
    List(Ident, Vec<Expr>),
    /// `key` alone.
    Key(Ident),
    /// A value without a key.
    Value(Expr),
}

impl Parse for Written {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![,]) {
            return Err(input.error("expected an argument before this `,`"));
        }
        if !input.peek(Ident::peek_any) || input.peek2(Token![::]) || input.peek2(Token![!]) {
            return Ok(Self::Value(input.parse()?));
        }
        if input.peek(syn::LitBool) {
            return Ok(Self::Value(input.parse()?));
        }
        let key = input.call(Ident::parse_any)?;
        if input.is_empty() || input.peek(Token![,]) {
            return Ok(Self::Key(key));
        }
        if input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            // Parsed separately: unparsed tokens of a group would be reported again at the end.
            let items = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(content.parse()?)?;
            return Ok(Self::List(key, items.into_iter().collect()));
        }
        if input.peek(Token![=]) && !input.peek(Token![==]) && !input.peek(Token![=>]) {
            input.parse::<Token![=]>()?;
            if input.is_empty() || input.peek(Token![,]) {
                return Err(syn::Error::new(
                    key.span(),
                    format!("`{key}` needs a value: `{key} = ...`"),
                ));
            }
            let value = value_of(&key, input)?;
            return Ok(Self::Pair(key, value));
        }
        if let Some(words) = hyphenated(&key, input) {
            let meant = words
                .iter()
                .map(Ident::to_string)
                .collect::<Vec<_>>()
                .join("_");
            return Err(syn::Error::new(
                key.span(),
                format!("keys are written with underscores: `{meant} = ...`"),
            ));
        }
        let operator = if input.peek(Token![==]) || input.peek(Token![=>]) {
            2
        } else {
            1
        };
        let next: TokenStream = input
            .cursor()
            .token_stream()
            .into_iter()
            .take(operator)
            .collect();
        Err(syn::Error::new_spanned(
            next,
            format!("expected `key = value`: write `{key} = ...`"),
        ))
    }
}

/// Returns the words of a key with hyphens, up to its `=`.
fn hyphenated(key: &Ident, input: ParseStream<'_>) -> Option<Vec<Ident>> {
    let ahead = input.fork();
    let mut words = vec![key.clone()];
    while ahead.parse::<Token![-]>().is_ok() {
        words.push(ahead.call(Ident::parse_any).ok()?);
    }
    (words.len() > 1 && ahead.peek(Token![=])).then_some(words)
}

/// Parses the value after a key. An incomplete one is reported at its own tokens, since the end of
/// the arguments has no span.
fn value_of(key: &Ident, input: ParseStream<'_>) -> syn::Result<Expr> {
    let ahead = input.fork();
    match ahead.parse() {
        Ok(value) => {
            input.advance_to(&ahead);
            Ok(value)
        }
        Err(_) if ahead.is_empty() => {
            let message = format!("the value of `{key}` is incomplete");
            Err(syn::Error::new_spanned(
                input.cursor().token_stream(),
                message,
            ))
        }
        Err(error) => Err(error),
    }
}

/// Parses the first argument. An expression that begins like a key is a value where one may stand,
/// so that it is one mistake and not a missing value as well.
pub(crate) fn in_first_place(input: ParseStream<'_>, spec: &Spec) -> syn::Result<Written> {
    let ahead = input.fork();
    if spec.positional
        && let Ok(value) = ahead.parse::<Expr>()
        && matches!(
            value,
            Expr::MethodCall(_) | Expr::Field(_) | Expr::Index(_) | Expr::Try(_) | Expr::Await(_)
        )
        && (ahead.is_empty() || ahead.peek(Token![,]))
    {
        input.advance_to(&ahead);
        return Ok(Written::Value(value));
    }
    input.parse()
}

/// Turns a single word in first position into a value, the name of a constant, where one may stand
/// and the word is no key.
pub(crate) fn path_in_first_place(written: &mut [Written], spec: &Spec) {
    if let Some(first) = written.first_mut()
        && let Written::Key(word) = first
        && spec.positional
        && !spec.has(&word.unraw().to_string())
    {
        *first = Written::Value(syn::parse_quote!(#word));
    }
}

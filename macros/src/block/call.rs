//! Calls of block macros: `"name", key = value, .., { body }`.

use super::{
    kind::Kind,
    source::{Body, at_body},
};
use crate::{
    args::{Args, Written, in_first_place, path_in_first_place, value},
    diag::Diag,
};
use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    ExprBlock, Token,
    parse::{ParseStream, Parser},
};

/// A call of a block macro, as far as it could be parsed.
pub(super) struct Call {
    /// The variables of the enclosing boundaries whose frames must be left while this one awaits,
    /// outermost first.
    pub(super) frames: Vec<Ident>,
    pub(super) name: Option<value::Value<String>>,
    pub(super) args: Args,
    pub(super) body: Option<Body>,
}

impl Call {
    pub(super) fn parse(tokens: TokenStream, kind: Kind, diag: &mut Diag) -> Self {
        let (frames, tokens) = without_frames(tokens);
        let first = tokens
            .clone()
            .into_iter()
            .next()
            .map_or_else(Span::call_site, |token| token.span());
        let mut written = Vec::new();
        let (mut body, mut block_is_last) = (None, true);
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if at_body(input) {
                    body = Body::parse(input, kind, diag)?;
                    let _ = input.parse::<Option<Token![,]>>()?;
                    if !input.is_empty() {
                        diag.push(input.error("the block comes last: nothing may follow it"));
                        block_is_last = false;
                        input.parse::<TokenStream>()?;
                    }
                    return Ok(());
                }
                let is_first = written.is_empty() && diag.is_empty();
                match if is_first {
                    in_first_place(input, kind.spec())
                } else {
                    input.parse::<Written>()
                } {
                    Ok(argument) => written.push(argument),
                    Err(error) => {
                        diag.push(error);
                        skip_argument(input)?;
                    }
                }
                if !input.is_empty() && input.parse::<Token![,]>().is_err() {
                    diag.push(input.error("expected `,`"));
                    skip_argument(input)?;
                    let _ = input.parse::<Option<Token![,]>>()?;
                }
            }
            Ok(())
        };
        let parsed = parser.parse2(tokens);
        let complete = diag.ok(parsed).is_some();
        path_in_first_place(&mut written, kind.spec());
        let mut name = take_keyed_name(&mut written, kind, diag);
        if body.is_none() && complete && diag.is_empty() {
            missing_body(&mut written, first, kind, diag);
        }
        let has_name = name.is_some() || matches!(written.first(), Some(Written::Value(_)));
        let mut args = Args::from_written(written, kind.spec(), diag);
        let positional = args.take(kind.spec().first);
        if !has_name && complete && block_is_last && (body.is_some() || diag.is_empty()) {
            let example = kind.example();
            diag.at_span(
                first,
                format!("the name of the block is missing: `{example}`"),
            );
        }
        if let Some(expr) = positional {
            name = value::name("name", expr, diag);
        }
        Self {
            frames,
            name,
            args,
            body,
        }
    }
}

/// Removes `@within(..)`, which the enclosing boundary added.
fn without_frames(tokens: TokenStream) -> (Vec<Ident>, TokenStream) {
    let mut rest = tokens.clone().into_iter();
    match (rest.next(), rest.next(), rest.next()) {
        (
            Some(TokenTree::Punct(at)),
            Some(TokenTree::Ident(word)),
            Some(TokenTree::Group(frames)),
        ) if at.as_char() == '@' && word == "within" => {
            let frames = frames.stream().into_iter().filter_map(|token| match token {
                TokenTree::Ident(frame) => Some(frame),
                _ => None,
            });
            (frames.collect(), rest.collect())
        }
        _ => (Vec::new(), tokens),
    }
}

/// Takes `name = "x"` in first position: reports it once, and uses the name.
fn take_keyed_name(
    written: &mut Vec<Written>,
    kind: Kind,
    diag: &mut Diag,
) -> Option<value::Value<String>> {
    let Some(Written::Pair(key, _)) = written.first() else {
        return None;
    };
    if key != "name" {
        return None;
    }
    let Written::Pair(key, expr) = written.remove(0) else {
        return None;
    };
    diag.at(
        key,
        format!("the name comes first, without a key: `{}`", kind.example()),
    );
    value::name("name", expr, diag)
}

fn missing_body(written: &mut Vec<Written>, first: Span, kind: Kind, diag: &mut Diag) {
    // The last of several values is in the position of the block.
    match written.pop() {
        Some(Written::Value(expr)) if !written.is_empty() => {
            diag.at(expr, format!("the last argument must be {}", kind.body()));
        }
        // A call, and not a key with a list.
        Some(Written::List(function, _))
            if !written.is_empty() && !kind.spec().has(&function.to_string()) =>
        {
            diag.at(
                function,
                format!("the last argument must be {}", kind.body()),
            );
        }
        None => diag.at_span(
            first,
            format!("a name and a block are missing: `{}`", kind.example()),
        ),
        Some(last) => {
            diag.at_span(first, format!("the block is missing: `{}`", kind.example()));
            written.push(last);
        }
    }
}

/// Skips to the next comma.
fn skip_argument(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// A nested call, split just enough to visit its body.
pub(super) struct Nested {
    pub(super) before: TokenStream,
    pub(super) block: ExprBlock,
    pub(super) after: TokenStream,
}

impl Nested {
    /// Returns the parts of a nested call, if its last group in braces is a block.
    pub(super) fn parse(tokens: TokenStream) -> Option<Self> {
        let mut all: Vec<TokenTree> = tokens.into_iter().collect();
        let is_block = |token: &TokenTree| matches!(token, TokenTree::Group(g) if g.delimiter() == Delimiter::Brace);
        let index = all.iter().rposition(is_block)?;
        let after = all.split_off(index + 1).into_iter().collect();
        let block = syn::parse2(all.pop()?.into_token_stream()).ok()?;
        Some(Self {
            before: all.into_iter().collect(),
            block,
            after,
        })
    }
}

//! Bodies of calls, as the user wrote them.

use super::kind::Kind;
use crate::{diag::Diag, groups::braces};
use proc_macro2::{Group, Span, TokenStream};
use quote::ToTokens;
use syn::{
    Attribute, Block, ExprBlock, Pat, Token, parse::ParseStream, punctuated::Punctuated,
    token::Brace,
};

/// The last argument of a call.
pub(super) struct Body {
    pub(super) style: Style,
    /// The argument of a transaction's body.
    pub(super) argument: Option<Pat>,
    pub(super) block: Source,
}

impl Body {
    /// Parses a body after [`at_body`] has returned `true`.
    pub(super) fn parse(
        input: ParseStream<'_>,
        kind: Kind,
        diag: &mut Diag,
    ) -> syn::Result<Option<Self>> {
        if let Some(unsafety) = input.parse::<Option<Token![unsafe]>>()? {
            diag.at(
                unsafety,
                "the body is a plain block: write `unsafe { .. }` inside it",
            );
        }
        let asyncness: Option<Token![async]> = input.parse()?;
        let moved: Option<Token![move]> = input.parse()?;
        let bars = input.span();
        let arguments = read_arguments(input)?;
        let arrow: Option<Token![->]> = input.parse()?;
        if let Some(arrow) = arrow {
            let _: syn::Type = input.parse()?;
            diag.at(arrow, "the type is inferred from the body: remove it");
        }
        if !input.peek(Brace) {
            let rest: TokenStream = input.parse()?;
            diag.at(rest, format!("the last argument must be {}", kind.body()));
            return Ok(None);
        }
        let group = braces(input, "expected a block")?;
        let open = group.span_open();
        let mut argument = None;
        let mut style = asyncness.map_or(Style::Block, |word| Style::Async(word, moved));
        match (kind, arguments) {
            (Kind::Error, None) => {}
            (Kind::Error, Some(all)) if all.is_empty() && asyncness.is_none() => {
                style = Style::Closure(moved);
            }
            (Kind::Error, Some(all)) if all.is_empty() => {
                // A block in place, so that a missing `async` around it is not reported as well.
                style = Style::Block;
                diag.at_span(
                    bars,
                    "a body that awaits is written without `||`: `async { .. }`",
                );
            }
            (Kind::Error, Some(_)) => {
                diag.at_span(
                bars,
                "the body of `error_boundary!` takes no argument: write `{ .. }` or `|| { .. }`",
            );
            }
            (Kind::Transaction, None) => {
                diag.at_span(
                    open,
                    "the body takes the transaction as its argument: `|tx| { .. }`",
                );
            }
            (Kind::Transaction, Some(all)) => {
                let mut all = all.into_iter();
                argument = all.next();
                if argument.is_none() {
                    diag.at_span(
                        bars,
                        "the body takes the transaction as its argument: `|tx| { .. }`",
                    );
                }
                if let Some(second) = all.next() {
                    diag.at(
                        second,
                        "the body takes one argument, the transaction: `|tx| { .. }`",
                    );
                }
            }
        }
        if moved.is_some() && matches!(style, Style::Block) {
            diag.at(
                moved,
                "the body runs in place and captures nothing: remove `move`",
            );
        }
        let block = match syn::parse2::<ExprBlock>(group.to_token_stream()) {
            Ok(ExprBlock { attrs, block, .. }) => Source::Parsed(block, attrs),
            Err(_) => Source::Raw(group),
        };
        Ok(Some(Self {
            style,
            argument,
            block,
        }))
    }
}

/// The tokens before the block.
#[derive(Clone, Copy)]
pub(super) enum Style {
    /// Nothing, or the argument of a transaction.
    Block,
    /// `||` or `move ||`.
    Closure(Option<Token![move]>),
    /// `async` or `async move`.
    Async(Token![async], Option<Token![move]>),
}

impl Style {
    pub(super) fn is_async(self) -> bool {
        matches!(self, Self::Async(..))
    }

    /// Returns the span of the word `async`: an illegal await is reported there if the block has no
    /// `await` of its own.
    pub(super) fn async_word(self) -> Option<Span> {
        match self {
            Self::Async(word, _) => Some(word.span),
            Self::Block | Self::Closure(_) => None,
        }
    }

    pub(super) fn moved(self) -> Option<Token![move]> {
        match self {
            Self::Block => None,
            Self::Closure(moved) | Self::Async(_, moved) => moved,
        }
    }
}

/// The block itself.
pub(super) enum Source {
    /// A block, and the attributes `#![..]` at its start.
    Parsed(Block, Vec<Attribute>),
    /// Tokens that are not valid Rust (yet), passed to the compiler for its better message.
    Raw(Group),
}

/// Returns `true` if the next argument can only be a body.
pub(super) fn at_body(input: ParseStream<'_>) -> bool {
    let closure = input.peek(Token![|]) || input.peek(Token![||]) || input.peek(Token![move]);
    let is_async = input.peek(Token![async])
        && (input.peek2(Brace)
            || input.peek2(Token![move])
            || input.peek2(Token![|])
            || input.peek2(Token![||]));
    let is_unsafe = input.peek(Token![unsafe]) && input.peek2(Brace);
    closure || is_async || is_unsafe || input.peek(Brace)
}

/// Parses the arguments between `|` and `|`, if there are any.
fn read_arguments(input: ParseStream<'_>) -> syn::Result<Option<Vec<Pat>>> {
    if input.parse::<Option<Token![||]>>()?.is_some() {
        return Ok(Some(Vec::new()));
    }
    if input.parse::<Option<Token![|]>>()?.is_none() {
        return Ok(None);
    }
    let mut all = Punctuated::<Pat, Token![,]>::new();
    while !input.peek(Token![|]) {
        let pattern = Pat::parse_single(input)?;
        let typed = match input.parse::<Option<Token![:]>>()? {
            None => pattern,
            Some(colon_token) => {
                let ty = input.parse()?;
                Pat::Type(syn::PatType {
                    attrs: Vec::new(),
                    pat: Box::new(pattern),
                    colon_token,
                    ty,
                })
            }
        };
        all.push_value(typed);
        match input.parse::<Option<Token![,]>>()? {
            None => break,
            Some(comma) => all.push_punct(comma),
        }
    }
    input.parse::<Token![|]>()?;
    Ok(Some(all.into_iter().collect()))
}

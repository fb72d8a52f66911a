//! `"name", key = value, .., { body }`.

use crate::{
    args::{Args, Spec, Written, in_first_place, path_in_first_place, value},
    diag::Diag,
};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Block, ExprBlock, Pat, Token,
    parse::{ParseStream, Parser},
    punctuated::Punctuated,
    token::Brace,
};

/// Which of the two macros is called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Error,
    Transaction,
}

impl Kind {
    fn spec(self) -> &'static Spec {
        match self {
            Self::Error => &Spec::BOUNDARY,
            Self::Transaction => &Spec::TRANSACTION,
        }
    }

    /// How a whole call looks.
    fn example(self) -> &'static str {
        match self {
            Self::Error => "error_boundary!(\"load-settings\", { .. })",
            Self::Transaction => "transaction_boundary!(\"save-clip\", |tx| { .. })",
        }
    }

    /// How a body looks.
    fn body(self) -> &'static str {
        match self {
            Self::Error => "a block: `{ .. }`",
            Self::Transaction => "a block with its argument: `|tx| { .. }`",
        }
    }
}

/// A call of a block macro, as far as it could be read.
pub(super) struct Call {
    /// The variables of the boundaries around this one whose frames must be left while it awaits,
    /// outermost first.
    pub(super) places: Vec<Ident>,
    pub(super) name: Option<value::Value<String>>,
    pub(super) args: Args,
    pub(super) body: Option<Body>,
}

/// What stands in last place.
pub(super) struct Body {
    pub(super) style: Style,
    /// The argument of a transaction's body.
    pub(super) argument: Option<Pat>,
    pub(super) block: Source,
}

/// What is written before the block.
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

    /// The place of the word `async`, where that the block is awaited is reported if the block has
    /// no `await` of its own.
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
    /// With the `#![..]` at its head.
    Parsed(Block, Vec<Attribute>),
    /// What is no Rust, or not yet: handed to the compiler as it is, whose message is the better
    /// one.
    Raw(Group),
}

impl Call {
    pub(super) fn read(tokens: TokenStream, kind: Kind, diag: &mut Diag) -> Self {
        let (places, tokens) = without_places(tokens);
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
                    body = read_body(input, kind, diag)?;
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
        let mut args = Args::of(written, kind.spec(), diag);
        let positional = args.take(kind.spec().first);
        if !has_name && complete && block_is_last && (body.is_some() || diag.is_empty()) {
            let example = kind.example();
            diag.at_span(
                first,
                format!("the name is missing; it says what the block does: `{example}`"),
            );
        }
        if let Some(expr) = positional {
            name = value::name("name", expr, diag);
        }
        Self {
            places,
            name,
            args,
            body,
        }
    }
}

/// Takes off `@within(..)`, which the boundary around this one put in front.
fn without_places(tokens: TokenStream) -> (Vec<Ident>, TokenStream) {
    let mut rest = tokens.clone().into_iter();
    match (rest.next(), rest.next(), rest.next()) {
        (
            Some(TokenTree::Punct(at)),
            Some(TokenTree::Ident(word)),
            Some(TokenTree::Group(places)),
        ) if at.as_char() == '@' && word == "within" => {
            let places = places.stream().into_iter().filter_map(|token| match token {
                TokenTree::Ident(place) => Some(place),
                _ => None,
            });
            (places.collect(), rest.collect())
        }
        _ => (Vec::new(), tokens),
    }
}

/// `name = "x"` in first place: told once, and taken as meant.
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
    // The last of several values stands where the block should.
    match written.pop() {
        Some(Written::Value(expr)) if !written.is_empty() => {
            diag.at(expr, format!("the last argument is {}", kind.body()));
        }
        // A call, and not a key with a list.
        Some(Written::List(function, _))
            if !written.is_empty() && !kind.spec().has(&function.to_string()) =>
        {
            diag.at(function, format!("the last argument is {}", kind.body()));
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

/// Tells whether what follows can only be a body.
fn at_body(input: ParseStream<'_>) -> bool {
    let closure = input.peek(Token![|]) || input.peek(Token![||]) || input.peek(Token![move]);
    let is_async = input.peek(Token![async])
        && (input.peek2(Brace)
            || input.peek2(Token![move])
            || input.peek2(Token![|])
            || input.peek2(Token![||]));
    let is_unsafe = input.peek(Token![unsafe]) && input.peek2(Brace);
    closure || is_async || is_unsafe || input.peek(Brace)
}

fn read_body(input: ParseStream<'_>, kind: Kind, diag: &mut Diag) -> syn::Result<Option<Body>> {
    if let Some(unsafety) = input.parse::<Option<Token![unsafe]>>()? {
        diag.at(
            unsafety,
            "the body is a plain block: write `unsafe { .. }` inside of it",
        );
    }
    let asyncness: Option<Token![async]> = input.parse()?;
    let moved: Option<Token![move]> = input.parse()?;
    let bars = input.span();
    let arguments = read_arguments(input)?;
    let arrow: Option<Token![->]> = input.parse()?;
    if let Some(arrow) = arrow {
        let _: syn::Type = input.parse()?;
        diag.at(arrow, "the type follows from the body: remove it");
    }
    if !input.peek(Brace) {
        let rest: TokenStream = input.parse()?;
        diag.at(rest, format!("the last argument is {}", kind.body()));
        return Ok(None);
    }
    let group = brace_group(input)?;
    let open = group.span_open();
    let mut argument = None;
    let mut style = asyncness.map_or(Style::Block, |word| Style::Async(word, moved));
    match (kind, arguments) {
        (Kind::Error, None) => {}
        (Kind::Error, Some(all)) if all.is_empty() && asyncness.is_none() => {
            style = Style::Closure(moved);
        }
        (Kind::Error, Some(all)) if all.is_empty() => {
            // In place, so that a missing `async` around it is not reported as well.
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
    Ok(Some(Body {
        style,
        argument,
        block,
    }))
}

/// What stands between `|` and `|`, if anything does.
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

/// The braces, out of the invisible group that `macro_rules!` leaves around a `$body:block`.
fn brace_group(input: ParseStream<'_>) -> syn::Result<Group> {
    let mut token: TokenTree = input.parse()?;
    loop {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return Ok(group),
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                match group.stream().into_iter().next() {
                    Some(inner) => token = inner,
                    None => return Err(syn::Error::new(group.span(), "expected a block")),
                }
            }
            other => return Err(syn::Error::new(other.span(), "expected a block")),
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

/// A nested call, taken apart just enough to visit its body: the tokens before the body, and the
/// body.
pub(super) struct Nested {
    pub(super) before: TokenStream,
    pub(super) block: ExprBlock,
    pub(super) after: TokenStream,
}

impl Nested {
    /// The last brace group of a nested call, if it is a block.
    pub(super) fn of(tokens: TokenStream) -> Option<Self> {
        let mut all: Vec<TokenTree> = tokens.into_iter().collect();
        let is_block = |token: &TokenTree| matches!(token, TokenTree::Group(g) if g.delimiter() == Delimiter::Brace);
        let place = all.iter().rposition(is_block)?;
        let after = all.split_off(place + 1).into_iter().collect();
        let block = syn::parse2(all.pop()?.into_token_stream()).ok()?;
        Some(Self {
            before: all.into_iter().collect(),
            block,
            after,
        })
    }
}

//! Arguments of foreign macros, visited where they parse as expressions.

use proc_macro2::{Delimiter, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Block, Expr, Pat, PatGuard, Token,
    parse::{ParseStream, Parser},
    visit_mut::VisitMut,
};

/// The arguments of a call after a visit.
pub(super) struct Visited {
    pub(super) tokens: TokenStream,
    /// The `?` in arguments that could not be parsed.
    pub(super) unseen: Vec<Span>,
}

/// Visits the arguments of a call.
pub(super) fn visit(tokens: TokenStream, visitor: &mut dyn VisitMut) -> Visited {
    let mut unseen = Vec::new();
    let tokens = if let Ok(list) = List::parse.parse2(tokens.clone()) {
        list.visited(visitor)
    } else if let Ok(matching) = Matching::parse.parse2(tokens.clone()) {
        matching.visited(visitor)
    } else {
        let mut all = TokenStream::new();
        for argument in arguments(tokens) {
            all.extend(visit_argument(argument, visitor, &mut unseen));
        }
        all
    };
    Visited { tokens, unseen }
}

/// Returns `true` if all arguments parse.
pub(super) fn is_list(tokens: TokenStream) -> bool {
    List::parse.parse2(tokens).is_ok()
}

/// Expressions with `,` or `;` between them.
struct List(Vec<(Expr, Option<TokenTree>)>);

impl List {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut all = Vec::new();
        while !input.is_empty() {
            let expr = input.parse()?;
            let separator = match input.is_empty() {
                true => None,
                false if input.peek(Token![,]) || input.peek(Token![;]) => Some(input.parse()?),
                false => return Err(input.error("expected `,` or `;`")),
            };
            all.push((expr, separator));
        }
        Ok(Self(all))
    }

    fn visited(self, visitor: &mut dyn VisitMut) -> TokenStream {
        let mut tokens = TokenStream::new();
        for (mut expr, separator) in self.0 {
            visitor.visit_expr_mut(&mut expr);
            expr.to_tokens(&mut tokens);
            separator.to_tokens(&mut tokens);
        }
        tokens
    }
}

/// `expr, pattern if guard, ..`: the arguments of `matches!` and of `assert_matches!`.
struct Matching {
    value: Expr,
    comma: Token![,],
    pattern: Pat,
    rest: Option<(Token![,], List)>,
}

impl Matching {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            value: input.parse()?,
            comma: input.parse()?,
            pattern: guarded_pattern(input)?,
            rest: match input.is_empty() {
                true => None,
                false => Some((input.parse()?, List::parse(input)?)),
            },
        })
    }

    fn visited(mut self, visitor: &mut dyn VisitMut) -> TokenStream {
        visitor.visit_expr_mut(&mut self.value);
        visitor.visit_pat_mut(&mut self.pattern);
        let Self {
            value,
            comma,
            pattern,
            rest,
        } = self;
        let rest = rest.map(|(comma, list)| {
            let list = list.visited(visitor);
            quote!(#comma #list)
        });
        quote!(#value #comma #pattern #rest)
    }
}

/// Parses a pattern with its guard.
fn guarded_pattern(input: ParseStream<'_>) -> syn::Result<Pat> {
    let pat = Pat::parse_multi_with_leading_vert(input)?;
    Ok(Pat::Guard(PatGuard {
        attrs: Vec::new(),
        pat: Box::new(pat),
        if_token: input.parse()?,
        guard: Box::new(input.parse()?),
    }))
}

/// Splits the tokens after each `,`, `;` and `=>`.
fn arguments(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut all = vec![Vec::new()];
    let mut equals = false;
    for token in tokens {
        let (separates, joins) = match &token {
            TokenTree::Punct(p) => (
                matches!(p.as_char(), ',' | ';') || (p.as_char() == '>' && equals),
                p.as_char() == '=' && p.spacing() == Spacing::Joint,
            ),
            _ => (false, false),
        };
        equals = joins;
        if let Some(last) = all.last_mut() {
            last.push(token);
        }
        if separates {
            all.push(Vec::new());
        }
    }
    all
}

/// Visits one argument with its separator: an expression, a block, `name = expr`, `name = ?expr`,
/// or something unknown.
fn visit_argument(
    argument: Vec<TokenTree>,
    visitor: &mut dyn VisitMut,
    unseen: &mut Vec<Span>,
) -> TokenStream {
    let whole: TokenStream = argument.iter().cloned().collect();
    let Some(question) = find_question(whole.clone()) else {
        // Only `?` must be found. An argument with a jump mostly parses as a part of a list.
        return visit_parsed(argument, visitor).unwrap_or(whole);
    };
    match visit_parsed(argument, visitor) {
        Some(visited) => visited,
        None => {
            unseen.push(question);
            whole
        }
    }
}

fn visit_parsed(mut argument: Vec<TokenTree>, visitor: &mut dyn VisitMut) -> Option<TokenStream> {
    let mut end: Vec<TokenTree> = Vec::new();
    while let Some(TokenTree::Punct(p)) = argument.last()
        && matches!(p.as_char(), ',' | ';' | '>' | '=')
    {
        end.extend(argument.pop());
    }
    end.reverse();
    // `name.of.a.field = %value`: the tokens before the sigil are not Rust.
    let is_sigil = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if matches!(p.as_char(), '=' | '%'));
    for from in 0..=argument
        .iter()
        .position(is_sigil)
        .map_or(0, |index| index + 2)
    {
        let Some(rest) = argument.get(from..) else {
            break;
        };
        let rest: TokenStream = rest.iter().cloned().collect();
        if let Ok(mut expr) = syn::parse2::<Expr>(rest) {
            visitor.visit_expr_mut(&mut expr);
            let before: TokenStream = argument.into_iter().take(from).collect();
            let end: TokenStream = end.into_iter().collect();
            return Some(quote!(#before #expr #end));
        }
    }
    // An arm of a matching macro.
    let whole: TokenStream = argument.iter().cloned().collect();
    if let Ok(mut pattern) = guarded_pattern.parse2(whole) {
        visitor.visit_pat_mut(&mut pattern);
        let end: TokenStream = end.into_iter().collect();
        return Some(quote!(#pattern #end));
    }
    // `name = { statements }`: a group in braces as a block.
    let index = argument.iter().position(is_brace)?;
    let TokenTree::Group(group) = argument.get(index)?.clone() else {
        return None;
    };
    let mut block = syn::parse2::<Block>(group.to_token_stream()).ok()?;
    let others = argument
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != index)
        .map(|(_, token)| token.clone());
    if find_question(others.collect()).is_some() {
        return None;
    }
    visitor.visit_block_mut(&mut block);
    let mut tokens = TokenStream::new();
    tokens.extend(argument.iter().take(index).cloned());
    block.to_tokens(&mut tokens);
    tokens.extend(argument.into_iter().skip(index + 1));
    tokens.extend(end);
    Some(tokens)
}

fn is_brace(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// Finds a `?` that follows a value; `?name`, as in a logging macro, does not.
pub(super) fn find_question(tokens: TokenStream) -> Option<Span> {
    let mut after_value = false;
    for token in tokens {
        match &token {
            TokenTree::Punct(p) if p.as_char() == '?' && after_value => return Some(p.span()),
            TokenTree::Punct(_) => after_value = false,
            TokenTree::Ident(_) | TokenTree::Literal(_) => after_value = true,
            TokenTree::Group(group) => {
                if let Some(inside) = find_question(group.stream()) {
                    return Some(inside);
                }
                after_value = true;
            }
        }
    }
    None
}

/// Finds a word anywhere in the tokens.
pub(super) fn find_word(tokens: TokenStream, word: &str) -> Option<Span> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => (ident == word).then(|| ident.span()),
        TokenTree::Group(group) => find_word(group.stream(), word),
        TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    })
}

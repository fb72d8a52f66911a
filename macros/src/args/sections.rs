//! The arguments of `#[resilient]`: one section for each policy, with the arguments of the policy's
//! own attribute.

use super::nearest;
use crate::diag::Diag;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Expr, Ident, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

/// The sections of one attribute, each of which is given at most once.
#[derive(Default)]
pub(crate) struct Sections(Vec<(Ident, Section)>);

/// What stands after a key.
pub(crate) enum Section {
    /// Nothing: the policy with its defaults.
    Alone,
    /// `= value`.
    Value(Expr),
    /// `(arguments)`.
    List(TokenStream),
}

impl Sections {
    /// Parses the tokens between the parentheses of the attribute `title`, and reports each problem.
    pub(crate) fn parse(
        tokens: TokenStream,
        title: &str,
        keys: &[&'static str],
        diag: &mut Diag,
    ) -> Self {
        let mut sections = Self::default();
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                let key = input.call(Ident::parse_any)?;
                let section = section(&key, input)?;
                sections.add(key, section, title, keys, diag);
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        };
        if let Err(error) = Parser::parse2(parser, tokens) {
            diag.push(error);
        }
        sections
    }

    fn add(
        &mut self,
        key: Ident,
        section: Section,
        title: &str,
        keys: &[&'static str],
        diag: &mut Diag,
    ) {
        let name = key.unraw().to_string();
        if !keys.contains(&name.as_str()) {
            let message = match nearest(&name, keys.iter().copied()) {
                Some(meant) => format!("unknown key `{name}`; did you mean `{meant}`?"),
                None => {
                    let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
                    format!("unknown key `{name}`; `{title}` takes {}", keys.join(", "))
                }
            };
            return diag.at(&key, message);
        }
        if self.0.iter().any(|(known, _)| known.unraw() == name) {
            return diag.at(&key, format!("`{name}` is given twice"));
        }
        self.0.push((key, section));
    }

    /// Takes the section of a key.
    pub(crate) fn take(&mut self, key: &str) -> Option<(Ident, Section)> {
        let place = self.0.iter().position(|(known, _)| known.unraw() == key)?;
        Some(self.0.remove(place))
    }

    /// Takes the value of a key that is no policy.
    pub(crate) fn take_value(&mut self, key: &str, diag: &mut Diag) -> Option<(Ident, Expr)> {
        match self.take(key)? {
            (key, Section::Value(value)) => Some((key, value)),
            (key, _) => diag.refuse(&key, format!("`{key}` is written `{key} = ...`")),
        }
    }
}

fn section(key: &Ident, input: ParseStream<'_>) -> syn::Result<Section> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(Section::Alone);
    }
    if input.peek(syn::token::Paren) {
        let content;
        syn::parenthesized!(content in input);
        return Ok(Section::List(content.parse()?));
    }
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            let message = format!("`{key}` needs a value: `{key} = ...`");
            return Err(syn::Error::new(key.span(), message));
        }
        return Ok(Section::Value(input.parse()?));
    }
    let next = input.cursor().token_stream().into_iter().next();
    Err(syn::Error::new_spanned(
        next.map(ToTokens::into_token_stream),
        format!("expected `{key} = value` or `{key}(arguments)`"),
    ))
}

/// Returns `true` if a list of arguments gives this key.
pub(crate) fn gives(arguments: &TokenStream, key: &str) -> bool {
    argument(arguments, key).is_some()
}

/// Returns `true` if a list of arguments gives this key the value `false`.
pub(crate) fn turns_off(arguments: &TokenStream, key: &str) -> bool {
    let argument = argument(arguments, key);
    argument.is_some_and(|tokens| {
        matches!(&tokens[..], [_, TokenTree::Punct(_), TokenTree::Ident(value)] if value == "false")
    })
}

/// Returns the tokens of the argument with this key.
fn argument(arguments: &TokenStream, key: &str) -> Option<Vec<TokenTree>> {
    let tokens: Vec<_> = arguments.clone().into_iter().collect();
    tokens
        .split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','))
        .find(|argument| match argument.first() {
            Some(TokenTree::Ident(first)) => first.unraw() == key,
            _ => false,
        })
        .map(<[TokenTree]>::to_vec)
}

//! Assignments through `&self`.
//!
//! The body becomes a closure or an async block, for which the compiler does not suggest `&mut
//! self`.

use crate::{
    model::Function,
    tokens::{before, is_punct},
};
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use syn::ReceiverKind;

/// Returns `true` if the body assigns to a field of `&self`, which no type allows.
pub(crate) fn assigns_to_shared_self(function: &Function) -> bool {
    let is_shared = function.sig.receiver().is_some_and(|receiver| {
        matches!(receiver.kind, ReceiverKind::Reference(_, _, None))
            && receiver.mutability.is_none()
    });
    is_shared && assigns(function.body.stream())
}

fn assigns(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    // A nested function has a `self` of its own, up to its end.
    let mut foreign = false;
    tokens.iter().enumerate().any(|(index, token)| {
        let previous = before(&tokens, index, 1);
        match token {
            TokenTree::Ident(word) if word == "fn" => {
                foreign |= matches!(tokens.get(index + 1), Some(TokenTree::Ident(_)));
                false
            }
            TokenTree::Ident(word) if word == "macro_rules" => {
                foreign = true;
                false
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => {
                foreign = false;
                false
            }
            TokenTree::Group(group) if foreign => {
                foreign = group.delimiter() != Delimiter::Brace;
                false
            }
            // A macro may do anything with its arguments.
            TokenTree::Group(group) => !is_punct(previous, &['!']) && assigns(group.stream()),
            // After a `*`, a raw pointer may allow it.
            TokenTree::Ident(word)
                if word == "self" && !foreign && !is_punct(previous, &['*', '.']) =>
            {
                let end = end_of_fields(&tokens, index + 1);
                end > index + 1 && is_assignment(&tokens[end..])
            }
            _ => false,
        }
    })
}

/// Returns the index after `.a.0.b`.
fn end_of_fields(tokens: &[TokenTree], mut index: usize) -> usize {
    while is_punct(tokens.get(index), &['.'])
        && matches!(
            tokens.get(index + 1),
            Some(TokenTree::Ident(_) | TokenTree::Literal(_))
        )
    {
        index += 2;
    }
    index
}

/// Returns `true` if the tokens begin with an assignment operator.
fn is_assignment(tokens: &[TokenTree]) -> bool {
    let mut operator = String::new();
    for token in tokens {
        let TokenTree::Punct(punct) = token else {
            break;
        };
        operator.push(punct.as_char());
        if punct.spacing() == Spacing::Alone {
            break;
        }
    }
    matches!(
        operator.as_str(),
        "=" | "+=" | "-=" | "*=" | "/=" | "%=" | "^=" | "&=" | "|=" | "<<=" | ">>="
    )
}

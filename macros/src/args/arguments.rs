//! The arguments of one attribute or block macro.

use super::{Spec, Written, in_first_place, nearest, path_in_first_place};
use crate::{diag::Diag, groups::ungrouped};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Expr, Ident, Lit, Path, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

/// The arguments of one attribute or block macro: every key is known and given once.
pub(crate) struct Args {
    pairs: Vec<(Ident, Expr)>,
    lists: Vec<(Ident, Vec<Expr>)>,
    /// Keys that misspelt ones were meant to be, which are therefore not missing.
    meant: Vec<&'static str>,
    /// Whether an argument could not be parsed, which may have been any key.
    unread: bool,
}

impl Args {
    /// Parses the tokens between an attribute's parentheses, and reports each problem.
    pub(crate) fn parse(tokens: TokenStream, spec: &Spec, diag: &mut Diag) -> Self {
        let (mut all, mut unread) = (Vec::new(), false);
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                let written = if all.is_empty() && !unread {
                    in_first_place(input, spec)
                } else {
                    input.parse()
                };
                match written {
                    Ok(written) => all.push(written),
                    Err(error) => {
                        diag.push(error);
                        unread = true;
                        skip_to_next(input)?;
                        continue;
                    }
                }
                if !input.is_empty() && input.parse::<Token![,]>().is_err() {
                    diag.push(input.error("expected `,`"));
                    unread = true;
                    skip_to_next(input)?;
                }
            }
            Ok(())
        };
        if let Err(error) = Parser::parse2(parser, tokens) {
            diag.push(error);
        }
        path_in_first_place(&mut all, spec);
        Self {
            unread,
            ..Self::from_written(all, spec, diag)
        }
    }

    /// Sorts parsed arguments; reports unknown and repeated keys and values without a key.
    pub(crate) fn from_written(all: Vec<Written>, spec: &Spec, diag: &mut Diag) -> Self {
        let mut args = Self {
            pairs: Vec::new(),
            lists: Vec::new(),
            meant: Vec::new(),
            unread: false,
        };
        let mut seen: Vec<String> = Vec::new();
        let has_first = all
            .iter()
            .any(|written| matches!(written, Written::Pair(key, _) if key == spec.first));
        for (index, written) in all.into_iter().enumerate() {
            let key = match &written {
                Written::Pair(key, _) | Written::List(key, _) | Written::Key(key) => key,
                Written::Value(value) if spec.positional && index == 0 => {
                    let key = Ident::new(spec.first, value.span());
                    args.pairs.push((key, value.clone()));
                    seen.push(spec.first.to_owned());
                    continue;
                }
                Written::Value(value) => {
                    args.meant.push(spec.first);
                    diag.at(
                        value,
                        keyless(
                            value,
                            spec,
                            has_first || seen.iter().any(|key| key == spec.first),
                        ),
                    );
                    continue;
                }
            };
            let name = key.unraw().to_string();
            if !spec.has(&name) {
                args.unknown(key, &name, spec, diag);
                continue;
            }
            if seen.contains(&name) {
                diag.at(key, format!("`{name}` is given twice"));
                // Its value is checked too: two mistakes are two errors.
                if let Written::Pair(key, value) = written {
                    args.pairs.push((key, value));
                }
                continue;
            }
            args.add(written, &name, spec, diag);
            seen.push(name);
        }
        args
    }

    /// Adds an argument with a known key; reports one of another form than the key takes.
    fn add(&mut self, written: Written, name: &str, spec: &Spec, diag: &mut Diag) {
        // A key without its value is not missing as well.
        if !matches!(written, Written::Pair(..)) {
            self.meant
                .extend(spec.all_keys().find(|known| *known == name));
        }
        match written {
            Written::Key(key) if name == "capture" => {
                diag.at(&key, "`capture` needs a list of arguments: `capture(a, b)`");
            }
            Written::Key(key) => {
                diag.at(&key, format!("`{name}` needs a value: `{name} = ...`"));
            }
            Written::List(key, _) if name != "capture" => {
                diag.at(&key, format!("`{name}` is written `{name} = ...`"));
            }
            Written::Pair(key, _) if name == "capture" => {
                diag.at(&key, "`capture` lists arguments: `capture(a, b)`");
            }
            Written::List(key, items) => self.lists.push((key, items)),
            Written::Pair(key, value) => self.pairs.push((key, value)),
            Written::Value(_) => {}
        }
    }

    /// Reports an unknown key.
    fn unknown(&mut self, key: &Ident, name: &str, spec: &Spec, diag: &mut Diag) {
        if let Some(owner) = spec.owner_of(name) {
            let this = if spec.title.ends_with('!') {
                "macro"
            } else {
                "attribute"
            };
            diag.at(
                key,
                format!("`{name}` is not a key of this {this}; it belongs to `{owner}`"),
            );
            return;
        }
        match nearest(name, spec.all_keys()) {
            Some(meant) => {
                self.meant.push(meant);
                diag.at(
                    key,
                    format!("unknown key `{name}`; did you mean `{meant}`?"),
                );
            }
            None => {
                let keys: Vec<_> = spec.all_keys().map(|key| format!("`{key}`")).collect();
                diag.at(
                    key,
                    format!(
                        "unknown key `{name}`; `{}` takes {}",
                        spec.title,
                        keys.join(", ")
                    ),
                );
            }
        }
    }

    /// Removes the values for which `is_wrong` reports a problem; their keys are not missing as
    /// well.
    pub(crate) fn reject(&mut self, mut is_wrong: impl FnMut(&Ident, &Expr) -> bool) {
        let wrong = self
            .pairs
            .extract_if(.., |(key, value)| is_wrong(key, value));
        self.unread |= wrong.count() > 0;
    }

    /// Takes the value of a key.
    pub(crate) fn take(&mut self, key: &str) -> Option<Expr> {
        self.take_with_key(key).map(|(_, value)| value)
    }

    /// Takes a key with its value.
    pub(crate) fn take_with_key(&mut self, key: &str) -> Option<(Ident, Expr)> {
        let found = self
            .pairs
            .iter()
            .position(|(known, _)| known.unraw() == key)?;
        Some(self.pairs.remove(found))
    }

    /// Takes a list with its key.
    pub(crate) fn take_list(&mut self, key: &str) -> Option<(Ident, Vec<Expr>)> {
        let found = self
            .lists
            .iter()
            .position(|(known, _)| known.unraw() == key)?;
        Some(self.lists.remove(found))
    }

    /// Returns `true` if a reported argument was meant to be this key, or may have been.
    pub(crate) fn was_meant(&self, key: &str) -> bool {
        self.unread || self.meant.contains(&key)
    }

    /// Takes `crate = path`.
    pub(crate) fn take_crate(&mut self, diag: &mut Diag) -> Option<Path> {
        let value = ungrouped(self.take("crate")?);
        let path = match &value {
            Expr::Path(path) if path.qself.is_none() => Some(path.path.clone()),
            Expr::Lit(syn::ExprLit {
                lit: Lit::Str(text),
                ..
            }) => text.parse_with(Path::parse_mod_style).ok(),
            _ => None,
        };
        if path.is_none() {
            diag.at(
                value,
                "`crate` takes a path, for example `crate = my_facade::gardefou`",
            );
        }
        path
    }
}

/// Returns the message about a value without a key. It names the key that was meant if that can be
/// known.
fn keyless(value: &Expr, spec: &Spec, has_first: bool) -> String {
    let text = value.to_token_stream().to_string();
    let fits = match value {
        Expr::Path(_) => true,
        Expr::Lit(syn::ExprLit { lit, .. }) => match spec.first {
            "name" => matches!(lit, Lit::Str(_)),
            "max_retries" => matches!(lit, Lit::Int(_)),
            _ => false,
        },
        _ => false,
    };
    if text.len() <= 60 && fits && !has_first {
        format!(
            "expected `key = value`; did you mean `{} = {}`?",
            spec.first,
            text.replace(" :: ", "::")
        )
    } else {
        "expected a key before this value".to_owned()
    }
}

/// Skips to the next argument, so that one mistake does not hide the next.
fn skip_to_next(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() {
        let comma = input.peek(Token![,]);
        input.parse::<proc_macro2::TokenTree>()?;
        if comma
            && (input.is_empty()
                || (input.peek(Ident::peek_any)
                    && (input.peek2(Token![=]) || input.peek2(Token![-]))))
        {
            break;
        }
    }
    Ok(())
}

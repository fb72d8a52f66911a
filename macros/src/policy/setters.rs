//! Calls of a builder's setters.

use crate::{
    args::{
        Args,
        value::{self, Value},
    },
    diag::Diag,
    span::{at, path_at},
};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use std::{ops::RangeInclusive, time::Duration};
use syn::{Expr, Ident, Path};

/// One call of a setter: the key, at whose span errors are reported, and the argument.
struct Setter {
    name: Ident,
    value: TokenStream,
}

/// The calls of one builder.
#[derive(Default)]
pub(crate) struct Setters(Vec<Setter>);

impl Setters {
    pub(super) fn push(&mut self, key: &Ident, name: &str, value: TokenStream) {
        self.0.push(Setter {
            name: Ident::new(name, at(key)),
            value,
        });
    }

    /// Makes the call of another builder's setter that has the same name, if there is one.
    pub(super) fn copy_from(&mut self, other: &Self, name: &str) {
        let setter = other.0.iter().find(|setter| setter.name == name);
        self.0.extend(setter.map(|Setter { name, value }| Setter {
            name: name.clone(),
            value: value.clone(),
        }));
    }

    /// Returns the argument of a setter that is called.
    pub(crate) fn argument(&self, name: &str) -> Option<&TokenStream> {
        let setter = self.0.iter().find(|setter| setter.name == name);
        setter.map(|setter| &setter.value)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|setter| setter.name == name)
    }

    /// Returns the calls, to be appended to a builder.
    pub(crate) fn calls(&self) -> TokenStream {
        let calls = self
            .0
            .iter()
            .map(|Setter { name, value }| quote_spanned!(name.span()=> .#name(#value)));
        quote!(#(#calls)*)
    }
}

/// A key that may have been given, and its value if that is known at compile time.
pub(super) struct Given<T>(Option<(Ident, Option<T>)>);

impl<T: Copy> Given<T> {
    pub(super) fn is_given(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn known(&self) -> Option<T> {
        self.0.as_ref().and_then(|(_, known)| *known)
    }

    pub(super) fn key(&self) -> Option<&Ident> {
        self.0.as_ref().map(|(key, _)| key)
    }
}

/// Takes keys, and turns them into calls of setters with the same names.
pub(super) struct Reader<'a> {
    pub(super) args: &'a mut Args,
    pub(super) krate: &'a Path,
    pub(super) diag: &'a mut Diag,
    pub(super) setters: Setters,
}

impl<'a> Reader<'a> {
    pub(super) fn new(args: &'a mut Args, krate: &'a Path, diag: &'a mut Diag) -> Self {
        Self {
            args,
            krate,
            diag,
            setters: Setters::default(),
        }
    }

    /// Takes an integer of at least 1.
    pub(super) fn count(&mut self, key: &'static str) -> Given<u32> {
        self.read(key, |expr, krate, diag| {
            let value = value::integer(key, expr, 1..=u32::MAX, diag)?;
            Some((value.positive_tokens(krate), value))
        })
    }

    /// Takes an integer in a range.
    pub(super) fn integer(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Given<u32> {
        self.read(key, |expr, krate, diag| {
            let value = value::integer(key, expr, range, diag)?;
            Some((value.tokens(krate), value))
        })
    }

    pub(super) fn duration(&mut self, key: &'static str, zero_is_fine: bool) -> Given<Duration> {
        self.read(key, |expr, krate, diag| {
            let value = value::duration(key, expr, zero_is_fine, diag)?;
            Some((value.tokens(krate), value))
        })
    }

    /// Takes a number; `rule` describes what `allowed` accepts.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        allowed: impl Fn(f64) -> bool,
        rule: &str,
    ) -> Given<f64> {
        self.read(key, |expr, krate, diag| {
            let value = value::number(key, expr, allowed, rule, diag)?;
            Some((value.tokens(krate), value))
        })
    }

    pub(super) fn flag(&mut self, key: &'static str) {
        self.value(key, |expr, _, diag| {
            let flag = value::flag(key, expr, diag)?;
            Some(quote!(#flag))
        });
    }

    /// Takes a value that `parse` turns into the argument of the setter.
    pub(super) fn value(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(Expr, &Path, &mut Diag) -> Option<TokenStream>,
    ) {
        if let Some((ident, expr)) = self.args.take_with_key(key)
            && let Some(value) = parse(expr, self.krate, self.diag)
        {
            self.setters.push(&ident, key, value);
        }
    }

    /// Takes a function of the user, whose type the runtime names.
    pub(super) fn callback(&mut self, key: &'static str) {
        self.value(key, |expr, krate, diag| {
            let callback = value::callback(key, expr, diag)?;
            let (krate, span) = (path_at(krate, &callback), at(&callback));
            let typed = Ident::new(key, span);
            Some(quote_spanned!(span=> #krate::__private::typed::#typed(#callback)))
        });
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        check: impl FnOnce(Expr, &Path, &mut Diag) -> Option<(TokenStream, Value<T>)>,
    ) -> Given<T> {
        let Some((ident, expr)) = self.args.take_with_key(key) else {
            return Given(None);
        };
        let checked = check(expr, self.krate, self.diag);
        let known = checked.and_then(|(tokens, value)| {
            self.setters.push(&ident, key, tokens);
            value.known
        });
        Given(Some((ident, known)))
    }
}

/// The seed of an attribute's random numbers, which a retry and a breaker of one attribute share.
#[derive(Clone)]
pub(crate) struct Seed {
    key: Ident,
    value: TokenStream,
}

impl Seed {
    pub(crate) fn from_args(args: &mut Args, krate: &Path, diag: &mut Diag) -> Option<Self> {
        let (key, expr) = args.take_with_key("seed")?;
        let value = value::seed("seed", expr, diag)?.tokens(krate);
        Some(Self { key, value })
    }

    pub(super) fn push_to(&self, setters: &mut Setters) {
        setters.push(&self.key, "seed", self.value.clone());
    }
}

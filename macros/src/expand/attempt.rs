//! Attempts of a retry: their arguments, and the body with them.

use super::{body, breaker, drop_order, site::Site, traced::Configured};
use crate::{
    check,
    model::{
        Binding, Function, SelfKind, params,
        receiver::{borrows_self, has_fixed_self, rename_self, self_kind},
        types::inferable,
        variables::mentions,
    },
    policy::{Breaker, Retry},
    span::{at, local, path_at},
};
use proc_macro2::{Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, FnArg, Ident, Lifetime, Path, Receiver, Type, ext::IdentExt};

/// The code of one attempt.
#[derive(Default)]
pub(super) struct Attempt {
    /// Statements that bind the variables of the attempt, for an async body.
    rebind: TokenStream,
    /// The statements for the variables that a fallback mentions.
    for_fallback: TokenStream,
    /// The arguments that are cloned for each attempt, and those that are dropped before them.
    pub(super) owned: Vec<Ident>,
    /// Statements before the body.
    before: TokenStream,
    /// The arguments of the closure.
    arguments: TokenStream,
    /// A closure or an async block.
    body: TokenStream,
    is_async: bool,
}

impl Attempt {
    pub(super) fn new(
        function: &mut Function,
        site: &Site<'_>,
        returns: &Type,
        fallback: Option<&Expr>,
    ) -> Self {
        let krate = site.krate;
        let mut attempt = Self {
            owned: owned(function),
            is_async: function.is_async(),
            ..Self::default()
        };
        let bound = params::used_bindings(function);
        params::without_mut(function, &bound);
        let fallback = fallback.to_token_stream();
        for binding in &bound {
            attempt.bind(binding, krate, &fallback);
        }
        let group = &function.body;
        let mut inner = quote!(#group);
        let moved_out = match function.sig.receiver().map(self_kind) {
            Some(SelfKind::Pointer) => check::moved_out_of_self(function.body.stream()),
            _ => None,
        };
        let by_reference = attempt.take_self(function, krate, &mut inner);
        if let Some(moved) = moved_out {
            // A `Copy` value is left for a second attempt.
            let krate = path_at(krate, &moved);
            let usable = quote_spanned!(at(&moved)=> if false { #krate::__private::usable_again(&*#moved); });
            attempt.before.extend(usable.clone());
            attempt.rebind.extend(usable);
        }
        let capture = body::Capture {
            span: function.capture_span(),
            by_reference,
        };
        attempt.body = if attempt.is_async {
            // An async block that only borrows must not borrow the arguments of this attempt, whose
            // types may be `Send` without their references being `Send`.
            let moved = by_reference.then(|| {
                bound.iter().map(|Binding { cfgs, mutability, ident, .. }| {
                    let allow = body::allow_names(&[ident]);
                    quote_spanned!(at(ident)=> #(#cfgs)* #allow let #mutability #ident = #ident;)
                })
            });
            let moved = moved.into_iter().flatten();
            attempt.before = attempt.rebind.clone();
            let block = body::async_block(site, &capture, &quote!(#(#moved)*), &inner, returns);
            body::fallible(site, &block)
        } else {
            // With `move`, an assignment to a borrowed variable is reported at the assignment and
            // not at the closure.
            let (returns, patterns) = (inferable(returns), body::patterns_anew(&bound));
            capture.closure(&patterns, &quote!(-> #returns #inner))
        };
        attempt
    }

    /// Binds one variable anew for each attempt.
    fn bind(&mut self, binding: &Binding, krate: &Path, fallback: &TokenStream) {
        let Binding {
            cfgs,
            mutability,
            ident,
            reborrowed,
            refers_to_owned,
            type_span: (first, last),
            ..
        } = binding;
        let span = Span::mixed_site().located_at(*first);
        let krate = path_at(krate, &quote_spanned!(*first=> _));
        let value = if *reborrowed && !refers_to_owned {
            quote_spanned!(span=> &mut *#ident)
        } else {
            // The borrow has the span of the whole type, which is what lacks `Clone`.
            let mut named = ident.clone();
            named.set_span(ident.span().located_at(*last));
            let mut borrow = TokenTree::Punct(Punct::new('&', Spacing::Alone));
            borrow.set_span(ident.span().located_at(*first));
            let referent = refers_to_owned.then(|| quote_spanned!(span=> *));
            quote_spanned!(span=> #krate::__private::clone_for_each_attempt(#borrow #referent #named))
        };
        let borrow_mut = refers_to_owned.then(|| quote_spanned!(span=> &mut));
        let allow = body::allow_names(&[ident]);
        let bind =
            quote_spanned!(span=> #(#cfgs)* #allow let #mutability #ident = #borrow_mut #value;);
        if cfgs.is_empty() {
            self.arguments.extend(quote!(#value,));
        } else {
            self.before.extend(bind.clone());
        }
        if mentions(fallback, &ident.unraw().to_string()) {
            self.for_fallback.extend(quote!(#[allow(unused_mut)] #bind));
        }
        self.rebind.extend(bind);
    }

    /// Gives each attempt its own `self` under another name if the body could move it. Returns
    /// whether the body must borrow `self` instead.
    fn take_self(&mut self, function: &mut Function, krate: &Path, body: &mut TokenStream) -> bool {
        let borrows_self = borrows_self(function);
        let Some(receiver) = receiver_of(function) else {
            return false;
        };
        if !mentions(body, "self") {
            return false;
        }
        let is_fixed = has_fixed_self(body);
        let (this, self_token) = (local("this"), receiver.self_token);
        let own = match self_kind(receiver) {
            SelfKind::Value => return false,
            SelfKind::Ref => return borrows_self,
            SelfKind::Mut if !is_fixed => quote_spanned!(at(&self_token)=> &mut *#self_token),
            SelfKind::PinnedMut if !is_fixed => {
                quote_spanned!(at(&self_token)=> #krate::__private::Pin::as_mut(&mut #self_token))
            }
            SelfKind::Handle if !is_fixed => {
                quote_spanned!(at(&self_token)=> #krate::__private::Clone::clone(&#self_token))
            }
            _ => return true,
        };
        // The `self` of the attempt is the one that the body may change.
        let reborrows_itself = matches!(self_kind(receiver), SelfKind::PinnedMut);
        let mutability = std::mem::replace(
            &mut receiver.mutability,
            reborrows_itself.then(Default::default),
        );
        let owned = quote_spanned!(at(&self_token)=> let #mutability #this = #own;);
        self.before.extend(owned.clone());
        self.rebind.extend(owned);
        *body = rename_self(std::mem::take(body), &this);
        false
    }

    /// Returns the statements of an attempt without a breaker, which bind its outcome, and the view of
    /// its error type.
    pub(super) fn alone(
        &self,
        retry: &Retry,
        site: &Site<'_>,
        returns: &Type,
        span: &Configured<'_>,
    ) -> TokenStream {
        let Self { before, body, .. } = self;
        let krate = site.krate;
        let shape = body::shape(site, returns);
        let tried = if retry.attempt_timeout.is_some() {
            let run = local("run");
            Self::unless_timed_out(
                &span.awaited(&quote!(#krate::__private::Run::limit(&mut #run, #body))),
                site,
                returns,
            )
        } else if self.is_async {
            let run = local("run");
            span.awaited(&quote!(#krate::__private::watch_with(&mut #run, #shape, #body)))
        } else {
            return self.alone_blocking(retry, site, &shape);
        };
        let (outcome, view) = (local("outcome"), local("view"));
        quote! {
            let #outcome = { #before #tried };
            let #view = #krate::__private::Attempted::ran(#shape);
        }
    }

    /// The frame is entered and left among the statements, so that the outcome stays where the
    /// function has put it; but a predicate on the whole outcome has it moved anyway.
    fn alone_blocking(&self, retry: &Retry, site: &Site<'_>, shape: &TokenStream) -> TokenStream {
        let Self {
            before,
            arguments,
            body,
            ..
        } = self;
        let krate = site.krate;
        let (run, retried, entered) = (local("run"), local("retried"), local("entered"));
        let (conversion, outcome, view) = (local("conversion"), local("outcome"), local("view"));
        let tried = quote!(#krate::__private::attempt_with(#conversion, #retried, #shape, (#arguments), #body));
        let tried = if retry.retry_if_result.is_some() {
            let tried = in_attempt(site, &tried);
            quote!(let #outcome = #tried;)
        } else {
            quote! {
                let #entered = #krate::__private::Run::enter(&mut #run);
                let #outcome = #tried;
                #entered.leave();
            }
        };
        quote! {
            #before
            let #retried = #krate::__private::Run::retried(&#run);
            #tried
            let #view = #krate::__private::Attempted::ran(#shape);
        }
    }

    /// Returns the outcome of an attempt with a time limit.
    fn unless_timed_out(limited: &TokenStream, site: &Site<'_>, returns: &Type) -> TokenStream {
        let (krate, outcome, timed_out) = (site.krate, local("outcome"), local("timed_out"));
        let rejected = body::reject(site, returns, &timed_out);
        quote! {
            match #limited {
                #krate::__private::Ok(#outcome) => #outcome,
                #krate::__private::Err(#timed_out) => #rejected,
            }
        }
    }

    /// Returns a closure that makes the future of an attempt, as often as it is called.
    pub(super) fn repeatable(&self) -> TokenStream {
        let Self { before, body, .. } = self;
        quote!(|| { #before #body })
    }

    /// Returns the same for an attempt through a breaker.
    pub(super) fn guarded(
        &self,
        retry: &Retry,
        breaker: &Breaker,
        site: &Site<'_>,
        returns: &Type,
        span: &Configured<'_>,
    ) -> TokenStream {
        let Self {
            for_fallback,
            before,
            arguments,
            body,
            is_async,
            ..
        } = self;
        let (krate, run) = (site.krate, local("run"));
        let admit = breaker::Chosen::by(breaker, site).admit_attempt(site, &run, *is_async);
        let (admitted, seen) = (local("admitted"), local("seen"));
        let (refused, rejection) = (local("refused"), local("rejection"));
        let attempt = Lifetime::new("'attempt", Span::mixed_site());
        let shape = body::shape(site, returns);
        let classifier = breaker::classifier(breaker, site, returns);
        let tried = if retry.attempt_timeout.is_some() {
            let run = local("run");
            Self::unless_timed_out(
                &span.awaited(&quote!(#krate::__private::Run::limit(&mut #run, #admitted.guard(#classifier, #body)))),
                site,
                returns,
            )
        } else if *is_async {
            let run = local("run");
            span.awaited(&quote!(#admitted.guard_in(#krate::__private::Run::attempt_frame(&mut #run), #classifier, #body)))
        } else {
            in_attempt(
                site,
                &breaker::run_admitted(site, &admitted, &classifier, &quote!((#arguments)), body),
            )
        };
        let rejected = match &breaker.fallback {
            None => {
                let reject = body::reject(site, returns, &rejection);
                quote! {
                    let #seen = #krate::__private::Attempted::rejected(#shape, &#rejection);
                    (#reject, #seen)
                }
            }
            Some(fallback) => {
                let call = breaker::call_fallback(fallback, site, &rejection, returns);
                let conversion = local("conversion");
                quote! {
                    #for_fallback
                    (#krate::__private::result(#conversion, #call), #krate::__private::Attempted::ran(#shape))
                }
            }
        };
        let (outcome, view) = (local("outcome"), local("view"));
        quote! {
            let (#outcome, #view) = #attempt: {
                let #admitted = match #admit {
                    #krate::__private::Ok(#admitted) => #admitted,
                    #krate::__private::Err(#refused) => break #attempt {
                        let #rejection = #refused.into_rejection();
                        #rejected
                    },
                };
                #before
                (#tried, #krate::__private::Attempted::ran(#shape))
            };
        }
    }
}

/// Returns the arguments that are cloned for each attempt, and those that are dropped before them.
fn owned(function: &mut Function) -> Vec<Ident> {
    let taken = if function.is_async() {
        params::used_bindings(function)
    } else {
        drop_order::captured(function, &TokenStream::new())
    };
    taken
        .into_iter()
        .filter(|binding| !binding.reborrowed && binding.cfgs.is_empty())
        .map(|binding| binding.ident)
        .collect()
}

/// Returns a sync call in the frame of its attempt.
fn in_attempt(site: &Site<'_>, call: &TokenStream) -> TokenStream {
    let (krate, run, entered) = (site.krate, local("run"), local("entered"));
    quote!({
        let #entered = #krate::__private::Run::enter(&mut #run).scoped();
        #call
    })
}

fn receiver_of(function: &mut Function) -> Option<&mut Receiver> {
    match function.sig.inputs.first_mut() {
        Some(FnArg::Receiver(receiver)) => Some(receiver),
        _ => None,
    }
}

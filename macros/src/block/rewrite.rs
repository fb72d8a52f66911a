//! What the exits of a block mean inside a boundary.

use super::{
    flow::{Jumps, Target},
    foreign,
    parse::Nested,
    tail,
};
use crate::{
    diag::Diag,
    model::{own, own_at},
};
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    AttrStyle, Attribute, Block, Expr, Ident, Item, Label, Lifetime, Macro, Pat, Path, Stmt, Token,
    Type, parse_quote, parse2,
    punctuated::Punctuated,
    spanned::Spanned,
    visit_mut::{self, VisitMut},
};

/// How a block is left for the boundary around it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// By a `break` out of a labelled block.
    InPlace,
    /// By a `return` out of a closure or an async block.
    Closure,
}

/// Whose jumps they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// `return`, `break` and `continue` act on the enclosing function and loops.
    Through,
    /// `return` ends the body and commits; jumps to enclosing loops are refused.
    Commit,
}

pub(super) struct Rewriter<'a> {
    form: Form,
    rule: Rule,
    runtime: TokenStream,
    diag: &'a mut Diag,
    pub(super) jumps: Jumps,
    /// Whether something breaks to the label.
    pub(super) uses_label: bool,
    /// Inside the block of a nested boundary, `?` is that boundary's.
    nested: bool,
    /// The first `?` that cannot be reached in the arguments of the call that is being read.
    blind: Option<syn::Error>,
    /// How many loops of the block are open here.
    loops: usize,
    /// The labels of the block that are open here.
    labels: Vec<String>,
    /// The variables whose frames must not stay current while the block awaits, outermost first.
    places: Vec<Ident>,
}

/// The label of a block in place; hygiene keeps the user's own out of its way.
pub(super) fn label() -> Lifetime {
    Lifetime::new("'gardefou", Span::mixed_site())
}

/// The type that carries returned values out of a closure, see `Returns`.
pub(super) fn returns() -> Ident {
    own("returns")
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(
        form: Form,
        rule: Rule,
        krate: &Path,
        places: Vec<Ident>,
        diag: &'a mut Diag,
    ) -> Self {
        let runtime = super::flow::runtime(krate);
        let jumps = Jumps::default();
        Self {
            form,
            rule,
            runtime,
            diag,
            jumps,
            uses_label: false,
            nested: false,
            blind: None,
            loops: 0,
            labels: Vec::new(),
            places,
        }
    }

    /// Leaves the block with an outcome.
    fn leave(&mut self, outcome: &TokenStream) -> TokenStream {
        match self.form {
            Form::InPlace => {
                self.uses_label = true;
                let label = label();
                quote!(break #label #outcome)
            }
            Form::Closure => quote!(return #outcome),
        }
    }

    /// Leaves the block with an error; `span` is the user's place that it is to carry.
    fn fail(&mut self, error: &TokenStream) -> TokenStream {
        let runtime = &self.runtime;
        let outcome = quote!(#runtime::failed(#error));
        self.leave(&outcome)
    }

    /// `expr?`.
    fn question(&mut self, expr: &Expr, question: Span) -> Expr {
        let value = own("value");
        let error = own("error");
        let exit = self.fail(&quote!(#error));
        // The call stands at the user's `?`: what cannot be converted is told there, and there the
        // error is made.
        let runtime = at(self.runtime.clone(), question);
        let branch = quote_spanned!(question=> #runtime::branch);
        let mut call: syn::ExprCall = parse_quote!(#branch(#expr));
        call.paren_token = syn::token::Paren(question);
        let expanded = quote! {
            (match #call {
                ::core::result::Result::Ok(#value) => #value,
                ::core::result::Result::Err(#error) => #exit,
            })
        };
        parse2(expanded).unwrap_or_else(|_| expr.clone())
    }

    fn exit_of_return(&mut self, value: Option<&Expr>, place: Span) -> Option<Expr> {
        let runtime = self.runtime.clone();
        let exit = match self.rule {
            Rule::Commit => {
                let value = value.map_or_else(|| quote!(()), ToTokens::to_token_stream);
                self.leave(&quote!(#runtime::done(#value)))
            }
            Rule::Through if self.form == Form::InPlace => return None,
            Rule::Through => {
                let returns = returns();
                // The hint lets the value take the enclosing function's type, coercions included.
                let carried = match value {
                    Some(value) => quote!(#runtime::Returns::same(&#returns, #value)),
                    None => quote!(()),
                };
                self.jump(
                    Target::Return(Span::mixed_site().located_at(place)),
                    value.is_some(),
                    &carried,
                )
            }
        };
        parse2(exit).ok()
    }

    /// Leaves the block with a jump that is made after it.
    fn jump(&mut self, target: Target, has_value: bool, value: &TokenStream) -> TokenStream {
        let place = self.jumps.place_of(target, has_value);
        let runtime = self.runtime.clone();
        let flow = Jumps::value(place, value, &runtime);
        self.leave(&quote!(#runtime::done(#flow)))
    }

    /// A `break` or `continue`, of which `None` says that it may stay as it is.
    fn exit_of_jump(
        &mut self,
        jump: &Expr,
        label: Option<&Lifetime>,
        value: Option<&Expr>,
    ) -> Option<Expr> {
        let stays = match label {
            None => self.loops > 0,
            Some(label) => self.labels.contains(&label.ident.to_string()),
        };
        if stays {
            return None;
        }
        if self.rule == Rule::Commit {
            let word = if matches!(jump, Expr::Break(_)) {
                "break"
            } else {
                "continue"
            };
            self.diag.at(
                jump,
                format!(
                    "this `{word}` would leave the transaction for an enclosing loop: commit or roll back? End the body \
                     with `return value` or `bail!(..)`, and jump after the transaction"
                ),
            );
            return Some(parse_quote!(::core::panic!()));
        }
        if self.form == Form::InPlace && label.is_some() {
            return None;
        }
        let span = Span::mixed_site().located_at(jump.span());
        let target = match jump {
            Expr::Break(_) => Target::Break(label.cloned(), span),
            _ => Target::Continue(label.cloned(), span),
        };
        let carried = value.map_or_else(|| quote!(()), ToTokens::to_token_stream);
        parse2(self.jump(target, value.is_some(), &carried)).ok()
    }

    fn in_loop(&mut self, label: Option<&Label>, body: &mut Block) {
        self.loops += 1;
        self.labelled(label, body);
        self.loops -= 1;
    }

    fn labelled(&mut self, label: Option<&Label>, body: &mut Block) {
        if let Some(label) = label {
            self.labels.push(label.name.ident.to_string());
        }
        self.visit_block_mut(body);
        if label.is_some() {
            self.labels.pop();
        }
    }

    /// The arguments of a macro call, rewritten; `bail!` and `ensure!` of ours are told to end in
    /// the boundary.
    ///
    /// They are still called by the user's own path, so that an import of them stays used.
    fn call(&mut self, call: &mut Macro) {
        let Some(last) = call.path.segments.last() else {
            return;
        };
        let foreign = call.path.segments.len() > 1
            && call
                .path
                .segments
                .first()
                .is_some_and(|s| s.ident == "anyhow");
        let name = last.ident.to_string();
        match name.as_str() {
            "transaction_boundary" => self.within_places(call),
            "error_boundary" => {
                self.nested_boundary(call);
                match self.blind.take() {
                    Some(error) => self.refuse(call, error),
                    None => self.within_places(call),
                }
            }
            "macro_rules" | "stringify" | "quote" | "parse_quote" => {}
            _ if self.hides_await(call, &name) => {
                let error = syn::Error::new_spanned(
                    &call.path,
                    format!(
                        "the boundary cannot see what `{name}!` awaits: write the body as `async {{ .. }}`, which is \
                         awaited in place too, or await in front of the call"
                    ),
                );
                self.refuse(call, error);
            }
            "bail" | "ensure" if !foreign && !self.nested => {
                self.arguments(call);
                let leave = self.leave(&TokenStream::new());
                let arguments = std::mem::take(&mut call.tokens);
                call.tokens = quote!(@leave(#leave) #arguments);
            }
            "assert" | "debug_assert" => self.assertion(call),
            _ => self.arguments(call),
        }
    }

    /// Names the places for a nested boundary that awaits.
    fn within_places(&self, call: &mut Macro) {
        // Compensations are awaited too; a function that the body calls may register them.
        let waits = |word| foreign::find_word(call.tokens.clone(), word).is_some();
        if self.form == Form::InPlace
            && !self.nested
            && ["await", "async", "on_rollback_async"]
                .into_iter()
                .any(waits)
        {
            let (places, arguments) = (&self.places, &call.tokens);
            call.tokens = quote!(@within(#(#places)*) #arguments);
        }
    }

    /// Returns `true` if a macro call awaits where the frames cannot be left.
    ///
    /// Definitions and texts of Rust that is not run here were sorted out before.
    fn hides_await(&self, call: &Macro, name: &str) -> bool {
        if self.form != Form::InPlace || self.nested {
            return false;
        }
        let ours = matches!(name, "bail" | "ensure" | "app_error")
            && foreign::is_list(call.tokens.clone());
        let awaits = first_await(call.tokens.clone()).is_some() && !ours;
        // The arms of crossbeam's `select!` block the thread.
        let mut tokens = call.tokens.clone().into_iter();
        let blocks = matches!(tokens.next(), Some(TokenTree::Ident(arm)) if arm == "recv" || arm == "send" || arm == "default")
            && matches!(tokens.next(), Some(TokenTree::Group(_)));
        awaits || matches!(name, "join" | "try_join" | "select" | "select_biased") && !blocks
    }

    /// `base.await`, with every frame left while it waits.
    fn awaited(&self, base: &Expr, word: Span) -> Option<TokenStream> {
        let runtime = at(self.runtime.clone(), word);
        // The argument stands at the word as the call does: of something that is no future, the
        // compiler then finds one error and not two. What it borrows for the statement stays
        // borrowed.
        let future = own_at("future", word);
        let suspended = self.places.iter().rev().fold(
            quote_spanned!(word=> match #base { #future => #future }),
            |future, place| quote_spanned!(word=> #runtime::suspend(#future, &mut #place)),
        );
        (!self.places.is_empty()).then_some(suspended)
    }

    /// A condition that is rewritten would be printed so: what the user wrote is given as the
    /// message where there is none.
    fn assertion(&mut self, call: &mut Macro) {
        let written = call.tokens.clone();
        self.arguments(call);
        let only = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated);
        if let Ok(only) = only
            && let (1, Some(condition)) = (only.len(), only.first())
            && call.tokens.to_string() != written.to_string()
        {
            let text = written.to_string();
            let text = text
                .trim_end_matches(',')
                .replace('{', "{{")
                .replace('}', "}}");
            let message = format!("assertion failed: {text}");
            call.tokens = quote!(#condition, #message);
        }
    }

    fn arguments(&mut self, call: &mut Macro) {
        call.tokens = foreign::rewrite(call, self);
        if let Some(error) = self.blind.take() {
            self.refuse(call, error);
        }
    }

    /// Puts an error in the place of a call: the compiler then reports nothing else about it, nor
    /// about what its value is used for.
    fn refuse(&mut self, call: &mut Macro, error: syn::Error) {
        match parse2(error.to_compile_error()) {
            Ok(refused) => *call = refused,
            Err(_) => self.diag.push(error),
        }
    }

    /// The block of a nested boundary keeps its `?`; its jumps go through this one too.
    fn nested_boundary(&mut self, call: &mut Macro) {
        let Some(mut nested) = Nested::of(call.tokens.clone()) else {
            return;
        };
        let before = foreign::rewrite_tokens(nested.before, self);
        if self.blind.is_some() {
            return;
        }
        let outside = std::mem::replace(&mut self.nested, true);
        self.visit_block_mut(&mut nested.block.block);
        self.nested = outside;
        let (block, after) = (nested.block, nested.after);
        call.tokens = quote!(#before #block #after);
    }

    /// Refuses a `?` that the rewriting cannot reach.
    pub(super) fn unseen(&mut self, question: Span, name: &str) {
        // In a closure or an async block, a plain `?` ends there, which is what it should do.
        if self.form == Form::InPlace && !self.nested {
            let message = format!(
                "the boundary cannot see into this call of `{name}!`, so this `?` would leave the enclosing function: \
                 move it in front of the call, or write the body as `|| {{ .. }}`, or as `async {{ .. }}` if it awaits"
            );
            match self.blind {
                None => self.blind = Some(syn::Error::new(question, message)),
                Some(_) => self.diag.at_span(question, message),
            }
        }
    }
}

impl VisitMut for Rewriter<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            // What runs elsewhere keeps its own exits.
            Expr::Closure(_) | Expr::Async(_) | Expr::Const(_) | Expr::TryBlock(_) => {}
            Expr::Try(question) => {
                self.visit_expr_mut(&mut question.expr);
                if !self.nested {
                    *expr = self.question(&question.expr, question.question_token.span());
                }
            }
            Expr::Await(waits) => {
                self.visit_expr_mut(&mut waits.base);
                let is_ours = self.form == Form::InPlace && !self.nested;
                let suspended = self
                    .awaited(&waits.base, waits.await_token.span)
                    .filter(|_| is_ours);
                if let Some(base) = suspended.and_then(|base| parse2(base).ok()) {
                    *waits.base = base;
                }
            }
            Expr::Macro(call) => {
                self.call(&mut call.mac);
            }
            Expr::Return(exit) => {
                if let Some(value) = &mut exit.expr {
                    self.visit_expr_mut(value);
                    if self.rule == Rule::Commit {
                        tail::check(value, "what `return` commits", self.diag);
                    }
                }
                if let Some(rewritten) =
                    self.exit_of_return(exit.expr.as_deref(), exit.return_token.span)
                {
                    *expr = rewritten;
                }
            }
            Expr::Break(jump) => {
                if let Some(value) = &mut jump.expr {
                    self.visit_expr_mut(value);
                }
                let (label, value) = (jump.label.clone(), jump.expr.clone());
                if let Some(rewritten) = self.exit_of_jump(expr, label.as_ref(), value.as_deref()) {
                    *expr = rewritten;
                }
            }
            Expr::Continue(jump) => {
                let label = jump.label.clone();
                if let Some(rewritten) = self.exit_of_jump(expr, label.as_ref(), None) {
                    *expr = rewritten;
                }
            }
            Expr::Loop(looped) => self.in_loop(looped.label.as_ref(), &mut looped.body),
            Expr::While(looped) => {
                self.visit_expr_mut(&mut looped.cond);
                self.in_loop(looped.label.as_ref(), &mut looped.body);
            }
            Expr::ForLoop(looped) => {
                self.visit_expr_mut(&mut looped.expr);
                self.in_loop(looped.label.as_ref(), &mut looped.body);
            }
            Expr::Block(block) => self.labelled(block.label.as_ref(), &mut block.block),
            Expr::Verbatim(tokens) => {
                if let Some(question) = foreign::find_question(tokens.clone()) {
                    self.unseen(question, "unknown syntax");
                    if let Some(error) = self.blind.take() {
                        *expr = Expr::Verbatim(error.to_compile_error());
                    }
                }
            }
            other => visit_mut::visit_expr_mut(self, other),
        }
    }

    fn visit_stmt_mut(&mut self, stmt: &mut Stmt) {
        match stmt {
            Stmt::Macro(call) => {
                self.call(&mut call.mac);
            }
            other => visit_mut::visit_stmt_mut(self, other),
        }
    }

    /// The guard of a match arm is a part of its pattern; it runs in the block as the arm does.
    fn visit_pat_mut(&mut self, pat: &mut Pat) {
        match pat {
            Pat::Guard(guarded) => {
                self.visit_pat_mut(&mut guarded.pat);
                self.visit_expr_mut(&mut guarded.guard);
            }
            Pat::Or(cases) => cases
                .cases
                .iter_mut()
                .for_each(|case| self.visit_pat_mut(case)),
            Pat::Paren(paren) => self.visit_pat_mut(&mut paren.pat),
            // No other pattern runs code that can be left.
            _ => {}
        }
    }

    fn visit_item_mut(&mut self, _: &mut Item) {}
    fn visit_type_mut(&mut self, _: &mut Type) {}
}

/// Moves the tokens that the expansion made to a place of the user's.
pub(super) fn at(tokens: TokenStream, span: Span) -> TokenStream {
    let moved = |mut token: TokenTree| {
        if let TokenTree::Group(_) = token {
            return token;
        }
        token.set_span(span);
        token
    };
    tokens.into_iter().map(moved).collect()
}

/// The first place where a block awaits, as far as one can see.
///
/// Read from the tokens: a second visitor would be compiled with all of its functions.
pub(super) fn awaits(block: &Block) -> Option<Span> {
    first_await(block.to_token_stream())
}

/// The word by which an expansion awaits: the block's own, so that both are one where neither may
/// stand.
pub(super) fn awaited(awaits: Option<Span>) -> Ident {
    Ident::new("await", awaits.unwrap_or_else(Span::mixed_site))
}

fn first_await(tokens: TokenStream) -> Option<Span> {
    // The rest of an async block, an async closure or a nested function awaits on its own account.
    let mut of_another = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "async" => of_another = true,
            TokenTree::Ident(word) if word == "fn" => {
                of_another |= matches!(tokens.peek(), Some(TokenTree::Ident(_)));
            }
            TokenTree::Ident(word) if word == "await" && !of_another => return Some(word.span()),
            TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ',') => of_another = false,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && of_another => {
                of_another = false;
            }
            TokenTree::Group(group) if !of_another => {
                if let Some(found) = first_await(group.stream()) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

/// The block as an argument of a call: behind an arm, for rustc finds a user's braces on one line
/// unneeded there.
///
/// The arm bears the attributes at the head of the block, where they mean the same.
pub(super) fn as_argument(block: &Block, attrs: &[Attribute]) -> TokenStream {
    let span = value_span(block);
    let attrs = attrs.iter().filter(|attr| !attr.path().is_ident("doc"));
    let attrs = attrs.map(|attr| Attribute {
        style: AttrStyle::Outer,
        ..attr.clone()
    });
    quote_spanned!(span=> match () { #(#attrs)* () => #block })
}

/// The place of a block's value: where it has the wrong type, that is told there.
pub(super) fn value_span(block: &Block) -> Span {
    Span::mixed_site().located_at(block.brace_token.span.join())
}

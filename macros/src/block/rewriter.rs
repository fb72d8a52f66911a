//! Visitor of a block that rewrites its exits.

use super::{
    flow::{Jumps, runtime},
    foreign_macros, tail,
};
use crate::diag::Diag;
use proc_macro2::{Span, TokenStream};
use syn::{
    Block, Expr, Ident, Item, Label, Pat, Path, Stmt, Type, parse2,
    spanned::Spanned,
    visit_mut::{self, VisitMut},
};

/// How a block is left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// By a `break` from a labelled block.
    InPlace,
    /// By a `return` from a closure or an async block.
    Closure,
}

/// The meaning of jumps in the block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// `return`, `break` and `continue` act on the enclosing function and loops.
    Through,
    /// `return` ends the body and commits; jumps to enclosing loops are refused.
    Commit,
}

pub(super) struct Rewriter<'a> {
    pub(super) form: Form,
    pub(super) rule: Rule,
    pub(super) runtime: TokenStream,
    pub(super) diag: &'a mut Diag,
    pub(super) jumps: Jumps,
    /// Whether a `break` uses the label.
    pub(super) uses_label: bool,
    /// Whether this is the block of a nested boundary, which `?` ends.
    pub(super) nested: bool,
    /// The first `?` that cannot be rewritten in the arguments of the present macro call.
    pub(super) unreachable: Option<syn::Error>,
    /// The number of enclosing loops within the block.
    pub(super) loops: usize,
    /// The enclosing labels within the block.
    pub(super) labels: Vec<String>,
    /// The variables whose frames must not stay current while the block awaits, outermost first.
    pub(super) frames: Vec<Ident>,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(
        form: Form,
        rule: Rule,
        krate: &Path,
        frames: Vec<Ident>,
        diag: &'a mut Diag,
    ) -> Self {
        let runtime = runtime(krate);
        let jumps = Jumps::default();
        Self {
            form,
            rule,
            runtime,
            diag,
            jumps,
            uses_label: false,
            nested: false,
            unreachable: None,
            loops: 0,
            labels: Vec::new(),
            frames,
        }
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

    /// Refuses a `?` that cannot be rewritten.
    pub(super) fn refuse_unseen(&mut self, question: Span, name: &str) {
        // In a closure or an async block a plain `?` ends that, as it should.
        if self.form == Form::InPlace && !self.nested {
            let message = format!(
                "the boundary cannot parse the arguments of `{name}!`, so this `?` would return from the enclosing \
                 function: move it before the call, or write the body as `|| {{ .. }}`, or as `async {{ .. }}` if it awaits"
            );
            match self.unreachable {
                None => self.unreachable = Some(syn::Error::new(question, message)),
                Some(_) => self.diag.at_span(question, message),
            }
        }
    }
}

impl VisitMut for Rewriter<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            // Code that runs elsewhere keeps its own exits.
            Expr::Closure(_) | Expr::Async(_) | Expr::Const(_) | Expr::TryBlock(_) => {}
            Expr::Try(question) => {
                self.visit_expr_mut(&mut question.expr);
                if !self.nested {
                    *expr = self.question(&question.expr, question.question_token.span());
                }
            }
            Expr::Await(waits) => {
                self.visit_expr_mut(&mut waits.base);
                let is_own = self.form == Form::InPlace && !self.nested;
                let suspended = self
                    .awaited(&waits.base, waits.await_token.span)
                    .filter(|_| is_own);
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
                        tail::check(value, "the returned value", self.diag);
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
                if let Some(question) = foreign_macros::find_question(tokens.clone()) {
                    self.refuse_unseen(question, "unknown syntax");
                    if let Some(error) = self.unreachable.take() {
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

    /// Visits the guard of a match arm, which is a part of its pattern and runs in the block.
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
            // No other pattern runs code with exits.
            _ => {}
        }
    }

    fn visit_item_mut(&mut self, _: &mut Item) {}
    fn visit_type_mut(&mut self, _: &mut Type) {}
}

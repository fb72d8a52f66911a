//! Tail expressions of blocks, which the boundary wraps in `Ok`.

use crate::diag::Diag;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Block, Expr, ExprCall, Macro, Stmt, parse_quote};

/// Refuses `Ok(..)` and `Err(..)` as the value of a block.
pub(super) fn check_block(block: &mut Block, diag: &mut Diag) {
    if let Some(Stmt::Expr(last, None)) = block.stmts.last_mut() {
        check(last, "the block's last value", diag);
    }
}

/// Refuses `Ok(..)` and `Err(..)` as a value that `what` describes.
pub(super) fn check(expr: &mut Expr, what: &str, diag: &mut Diag) {
    match expr {
        Expr::Call(call) => {
            let Some(advice) = advice(call, what) else {
                return;
            };
            diag.at(&*call, advice);
            // One mistake is one error: the types match after the call is removed.
            let value = call.args.first().cloned();
            let is_ok = matches!(&*call.func, Expr::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "Ok"));
            *expr = match value {
                Some(value) if is_ok => value,
                value => parse_quote!({ let _ = #value; ::core::panic!() }),
            };
        }
        Expr::Block(block) if block.label.is_none() => check_block(&mut block.block, diag),
        Expr::Unsafe(block) => check_block(&mut block.block, diag),
        Expr::If(branches) => {
            check_block(&mut branches.then_branch, diag);
            if let Some((_, otherwise)) = &mut branches.else_branch {
                check(otherwise, what, diag);
            }
        }
        Expr::Match(arms) => arms
            .arms
            .iter_mut()
            .for_each(|arm| check(&mut arm.body, what, diag)),
        Expr::Group(group) => check(&mut group.expr, what, diag),
        Expr::Paren(paren) => check(&mut paren.expr, what, diag),
        _ => {}
    }
}

fn advice(call: &ExprCall, what: &str) -> Option<String> {
    let Expr::Path(function) = &*call.func else {
        return None;
    };
    let mut segments = function.path.segments.iter().rev();
    let last = segments.next()?;
    if segments
        .next()
        .is_some_and(|parent| parent.ident != "Result")
    {
        return None;
    }
    match call.args.first() {
        Some(Expr::Tuple(unit)) if last.ident == "Ok" && unit.elems.is_empty() => Some(format!(
            "the boundary wraps {what} in `Ok` itself: remove `Ok(())`"
        )),
        Some(_) if last.ident == "Ok" => Some(format!(
            "the boundary wraps {what} in `Ok` itself: write the value alone"
        )),
        Some(_) if last.ident == "Err" => Some(
            "the boundary would wrap this `Err` in `Ok`: write `bail!(..)` or `Err(..)?`"
                .to_owned(),
        ),
        _ => None,
    }
}

/// Returns `true` if a block always reaches its end, so that the code after it is reachable.
///
/// Otherwise rustc may report the expansion's own code after the block as unreachable.
pub(super) fn reaches_end(block: &Block) -> bool {
    match block.stmts.last() {
        None | Some(Stmt::Local(_) | Stmt::Item(_)) => true,
        Some(Stmt::Expr(last, _)) => yields_value(last),
        Some(Stmt::Macro(call)) => is_plain_macro(&call.mac),
    }
}

fn yields_value(expr: &Expr) -> bool {
    match expr {
        Expr::Call(_)
        | Expr::Loop(_)
        | Expr::Return(_)
        | Expr::Break(_)
        | Expr::Continue(_)
        | Expr::Verbatim(_)
        | Expr::Unsafe(_) => false,
        Expr::Macro(call) => is_plain_macro(&call.mac),
        Expr::Block(block) => reaches_end(&block.block),
        Expr::If(branches) => {
            let otherwise = branches.else_branch.as_ref();
            otherwise.is_none_or(|(_, otherwise)| yields_value(otherwise))
                || reaches_end(&branches.then_branch)
        }
        Expr::Match(arms) => arms.arms.iter().any(|arm| yields_value(&arm.body)),
        Expr::Group(group) => yields_value(&group.expr),
        Expr::Paren(paren) => yields_value(&paren.expr),
        _ => true,
    }
}

/// Returns `true` for macros of std that return.
fn is_plain_macro(call: &Macro) -> bool {
    let plain = [
        "assert",
        "assert_eq",
        "assert_ne",
        "concat",
        "dbg",
        "eprintln",
        "eprint",
        "ensure",
        "env",
        "file",
        "format",
        "format_args",
        "line",
        "matches",
        "print",
        "println",
        "vec",
        "write",
        "writeln",
    ];
    call.path
        .segments
        .last()
        .is_some_and(|last| plain.contains(&last.ident.to_string().as_str()))
}

/// Returns the attribute that silences rustc about code after a block that may not reach its end.
pub(super) fn allow_unreachable(block: &Block) -> Option<TokenStream> {
    (!reaches_end(block)).then(|| quote!(#[allow(unreachable_code)]))
}

//! The last value of a block, which the boundary wraps in `Ok`.

use crate::diag::Diag;
use syn::{Block, Expr, ExprCall, Stmt, parse_quote};

/// Refuses `Ok(..)` and `Err(..)` where a value stands that the boundary wraps.
pub(super) fn check_block(block: &mut Block, diag: &mut Diag) {
    if let Some(Stmt::Expr(last, None)) = block.stmts.last_mut() {
        check(last, "the block's last value", diag);
    }
}

/// Refuses it in a value that is named `what`.
pub(super) fn check(expr: &mut Expr, what: &str, diag: &mut Diag) {
    match expr {
        Expr::Call(call) => {
            let Some(advice) = advice(call, what) else { return };
            diag.at(&*call, advice);
            // One mistake, one error: no mismatch of types on top of it.
            *expr = parse_quote!(::core::panic!());
        }
        Expr::Block(block) if block.label.is_none() => check_block(&mut block.block, diag),
        Expr::Unsafe(block) => check_block(&mut block.block, diag),
        Expr::If(branches) => {
            check_block(&mut branches.then_branch, diag);
            if let Some((_, otherwise)) = &mut branches.else_branch {
                check(otherwise, what, diag);
            }
        }
        Expr::Match(arms) => arms.arms.iter_mut().for_each(|arm| check(&mut arm.body, what, diag)),
        Expr::Group(group) => check(&mut group.expr, what, diag),
        Expr::Paren(paren) => check(&mut paren.expr, what, diag),
        _ => {}
    }
}

fn advice(call: &ExprCall, what: &str) -> Option<String> {
    let Expr::Path(function) = &*call.func else { return None };
    let mut segments = function.path.segments.iter().rev();
    let last = segments.next()?;
    if segments.next().is_some_and(|parent| parent.ident != "Result") {
        return None;
    }
    match call.args.first() {
        Some(Expr::Tuple(unit)) if last.ident == "Ok" && unit.elems.is_empty() => {
            Some(format!("the boundary wraps {what} in `Ok` itself: remove `Ok(())`"))
        }
        Some(_) if last.ident == "Ok" => {
            Some(format!("the boundary wraps {what} in `Ok` itself: write the value alone"))
        }
        Some(_) if last.ident == "Err" => {
            Some(format!("the boundary would wrap this in `Ok`: end {what} by `bail!(..)`, or write `Err(..)?`"))
        }
        _ => None,
    }
}

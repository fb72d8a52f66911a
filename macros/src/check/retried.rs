//! Functions that cannot run a second time.

use super::{
    borrowed::{borrow_of_argument, borrow_of_self},
    moved::moved_self,
};
use crate::{
    diag::Diag,
    model::{Function, SelfKind, receiver::self_kind},
    policy::Retry,
};

/// Reports functions that cannot run a second time.
pub(crate) fn retried(function: &Function, retry: &Retry, diag: &mut Diag) {
    if let Some(key) = &retry.attempt_timeout
        && !function.is_async()
    {
        diag.at(
            key,
            "`attempt_timeout` needs an `async fn`: blocking code cannot be interrupted",
        );
    }
    let Some(receiver) = function.sig.receiver() else {
        if let Some(borrow) = borrow_of_argument(function) {
            diag.at(
                borrow,
                "a retried function cannot return a borrow of a `&mut` argument: the next attempt needs it",
            );
        }
        return;
    };
    match self_kind(receiver) {
        SelfKind::Value => diag.at(
            receiver.self_token,
            "`self` by value cannot be used for a second attempt; take `&self`, `&mut self` or `self: Arc<Self>`",
        ),
        SelfKind::Mut | SelfKind::PinnedMut => {
            if let Some(borrow) = function.returns().and_then(|ty| borrow_of_self(ty, receiver, function)) {
                diag.at(borrow, "a retried function cannot return a borrow of `&mut self`: the next attempt needs it");
            }
        }
        SelfKind::Pointer => {
            if let Some(used_up) = moved_self(function.body.stream()) {
                diag.at(
                    used_up,
                    "the body moves `self` here, and a second attempt would have none: borrow it, or take \
                     `self: Arc<Self>`",
                );
            }
        }
        _ => {}
    }
}

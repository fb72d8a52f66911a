//! Functions whose attempts cannot run side by side.

use crate::{
    diag::Diag,
    model::{Function, SelfKind, params, receiver::self_kind},
};

/// Reports functions whose attempts cannot run side by side.
pub(crate) fn hedged(function: &Function, diag: &mut Diag) {
    if !function.is_async() {
        diag.at(
            function.sig.fn_token,
            "`#[hedge]` needs an `async fn`: blocking code cannot run beside itself on one thread",
        );
        return;
    }
    for binding in params::used_bindings(function) {
        if binding.reborrowed || binding.refers_to_owned {
            diag.at(
                &binding.ident,
                "a hedged function cannot use a `&mut` argument: its attempts run side by side",
            );
        }
    }
    let Some(receiver) = function.sig.receiver() else {
        return;
    };
    match self_kind(receiver) {
        SelfKind::Value | SelfKind::Pointer => diag.at(
            receiver.self_token,
            "`self` by value cannot be used by a second attempt; take `&self` or `self: Arc<Self>`",
        ),
        SelfKind::Mut | SelfKind::PinnedMut => diag.at(
            receiver.self_token,
            "a hedged method cannot use `&mut self`: its attempts run side by side; take `&self`",
        ),
        SelfKind::Ref | SelfKind::Handle => {}
    }
}

//! Checks of a function and its settings, before code is generated.

mod assigned;
mod borrowed;
mod constant;
mod function;
mod hedged;
mod moved;
mod retried;

pub(crate) use assigned::assigns_to_shared_self;
pub(crate) use constant::constant;
pub(crate) use function::{HAS_ASYNC, asynchronous, captured_arguments, function};
pub(crate) use hedged::hedged;
pub(crate) use moved::moved_out_of_self;
pub(crate) use retried::retried;

//! The block macros: a name, keys, and a block that runs in place.
//!
//! `call` and `source` parse the call. `rewriter` walks over the block: `exits` gives `?`,
//! `return`, `break`, `continue` and `.await` their meaning in a boundary, `macros` does so for
//! macro calls, whose arguments `foreign_macros` parses. `flow` carries jumps out of blocks that
//! must be closures, `tail` refuses an `Ok(..)` that the boundary would wrap once more, `error` and
//! `transaction` expand.

mod awaits;
mod body;
mod call;
mod error;
mod exits;
mod flow;
mod foreign_macros;
mod kind;
mod macros;
mod rewriter;
mod setup;
mod source;
mod tail;
#[cfg(test)]
mod tests;
mod transaction;

pub(crate) use error::expand as error_boundary;
pub(crate) use transaction::expand as transaction_boundary;

//! The block macros: a name, keys, and a block that runs in place.
//!
//! `parse` reads the call, `rewrite` turns the exits of the block (`?`, `bail!`, `return`, `break`,
//! `continue`) into what they mean in a boundary, `foreign` reaches into the arguments of other
//! macros, `flow` carries jumps out of blocks that must be closures, `tail` refuses an `Ok(..)`
//! that the boundary would wrap once more, `error` and `transaction` expand.

mod error;
mod flow;
mod foreign;
mod parse;
mod rewrite;
mod setup;
mod tail;
mod transaction;

pub(crate) use error::expand as error_boundary;
pub(crate) use transaction::expand as transaction_boundary;

#[cfg(test)]
mod tests;

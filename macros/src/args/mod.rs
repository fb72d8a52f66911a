//! Arguments: the keys between the parentheses of an attribute or before the block of a block
//! macro, and their values.
//!
//! [`Written`] is one argument as the user wrote it, [`Args`] all of them with unknown and repeated
//! keys already reported, [`value`] checks the expression of each key.

mod arguments;
mod keys;
mod sections;
mod suggest;
pub(crate) mod value;
mod written;

pub(crate) use arguments::Args;
pub(crate) use keys::Spec;
pub(crate) use sections::{Section, Sections, gives, turns_off};
pub(crate) use suggest::nearest;
pub(crate) use written::{Written, in_first_place, path_in_first_place};

//! The function under an attribute.

mod function;
mod future;
mod item;
pub(crate) mod params;
pub(crate) mod receiver;
pub(crate) mod types;
pub(crate) mod variables;

pub(crate) use function::Function;
pub(crate) use item::is_closure;
pub(crate) use params::Binding;
pub(crate) use receiver::SelfKind;

//! Values of keys. Literals are checked here, all other expressions by the compiler against a typed
//! function.

mod choice;
mod duration;
mod number;
mod rate;
#[cfg(test)]
mod tests;
mod text;
mod typed;

pub(crate) use choice::{callback, choice, code, flag, literal_flag, unquoted};
pub(crate) use duration::duration;
pub(crate) use number::{integer, number, seed};
pub(crate) use rate::rate;
pub(crate) use text::{name, name_up_to, required_name};
pub(crate) use typed::Value;

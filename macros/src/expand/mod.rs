//! Guarded functions: one shape of code for each family of attributes, with thin calls into the
//! runtime.

mod attempt;
mod attribute;
mod audit;
mod body;
mod breaker;
mod drop_order;
mod fallback;
mod guard;
mod handling;
mod hedge;
mod key;
mod order;
mod resilient;
mod retry;
mod site;
#[cfg(test)]
mod tests;
mod traced;
mod wrap;

pub(crate) use attribute::attribute;
pub(crate) use guard::Guard;
pub(crate) use resilient::resilient;

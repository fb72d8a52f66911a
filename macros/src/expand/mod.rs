//! The guarded function: one shape for each family, thin calls into the runtime.

mod attempt;
mod attribute;
mod audit;
mod body;
mod breaker;
mod drop_order;
mod guard;
mod handling;
mod order;
mod retry;
mod site;
#[cfg(test)]
mod tests;

pub(crate) use attribute::attribute;
pub(crate) use guard::Guard;

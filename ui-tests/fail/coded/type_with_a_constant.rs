//! The codes of a type with a constant parameter cannot be registered.

#[derive(Debug, gardefou::Coded)]
#[code(RESOURCE_BUSY_ERROR)]
struct PageError<const SIZE: usize>;

fn main() {}

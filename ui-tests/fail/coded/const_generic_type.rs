//! A type with a const parameter.

#[derive(Debug, gardefou::Coded)]
#[code(RESOURCE_BUSY_ERROR)]
struct PageError<const SIZE: usize>;

fn main() {}

//! A type that does not implement `Error`.

#[derive(gardefou::Coded)]
#[code(SYNC_ERROR)]
struct Late;

fn main() {}

//! The type is no error.

#[derive(gardefou::Coded)]
#[code(SYNC_ERROR)]
struct Late;

fn main() {}

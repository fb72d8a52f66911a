//! A union.

#[derive(gardefou::Coded)]
#[code(SYNC_ERROR)]
union E {
    a: u8,
}

fn main() {}

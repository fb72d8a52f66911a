//! `crate = ..` on a variant, and an unknown key after a code.

#[derive(Debug, gardefou::Coded)]
enum E {
    #[code(crate = gardefou)]
    A,
    #[code(SYNC_ERROR; "3s")]
    B,
}

impl std::fmt::Display for E {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("e")
    }
}

impl std::error::Error for E {}

fn main() {}

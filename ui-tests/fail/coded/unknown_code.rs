//! An unknown code.

#[derive(Debug, gardefou::Coded)]
enum StoreError {
    #[code(DB_QEURY_ERROR)]
    Failed,
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failed")
    }
}

impl std::error::Error for StoreError {}

fn main() {}

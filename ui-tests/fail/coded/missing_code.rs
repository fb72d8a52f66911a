//! A type without any code.

#[derive(Debug, gardefou::Coded)]
enum StoreError {
    Busy,
}

#[derive(Debug, gardefou::Coded)]
struct Missing;

fn main() {}

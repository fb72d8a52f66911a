//! A type that borrows.

#[derive(Debug, gardefou::Coded)]
#[code(API_REQUEST_ERROR)]
struct SyntaxError<'a> {
    text: &'a str,
}

fn main() {}

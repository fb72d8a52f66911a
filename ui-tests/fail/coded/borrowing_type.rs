//! The codes of a type that borrows cannot be registered.

#[derive(Debug, gardefou::Coded)]
#[code(API_REQUEST_ERROR)]
struct SyntaxError<'a> {
    text: &'a str,
}

fn main() {}

//! The codes of a generic type cannot be registered.

#[derive(Debug, gardefou::Coded)]
enum CacheError<E> {
    #[code(RESOURCE_BUSY_ERROR)]
    Locked(E),
}

fn main() {}

//! A generic type.

#[derive(Debug, gardefou::Coded)]
enum CacheError<E> {
    #[code(RESOURCE_BUSY_ERROR)]
    Locked(E),
}

fn main() {}

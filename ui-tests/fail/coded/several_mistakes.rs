//! Several mistakes, reported at once.

#[derive(Debug, gardefou::Coded)]
enum StoreError {
    #[code("DB_QUERY_ERROR")]
    Failed,
    #[code(RESOURCE_BUSY_ERROR, retry = "3s")]
    Busy,
    #[code(RATE_LIMIT_ERROR, retry_after = "3")]
    Limited,
    #[code(SYNC_ERROR)]
    #[code(TIMEOUT_ERROR)]
    Late,
}

fn main() {}

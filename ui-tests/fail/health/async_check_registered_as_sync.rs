//! A future is no result.

fn main() {
    let _ = gardefou::health_check().register_check("cache", || async { true });
}

//! An async check in the registration of sync ones.

fn main() {
    let _ = gardefou::health_check().register_check("cache", || async { true });
}

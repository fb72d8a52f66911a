//! A check that returns a string.

fn main() {
    let _ = gardefou::health_check().register_check("cache", || "all fine");
}

//! Each key with an invalid value.

fn main() {
    let _ = gardefou::error_boundary!(
        "load",
        error_code = 301,
        log_level = "loud",
        rethrow = "no",
        fallback = 1,
        catch_panics = 1,
        crate = 3,
        { 1 }
    );
}

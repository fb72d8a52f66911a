//! Each key with an invalid value.

fn main() {
    let _ = gardefou::transaction_boundary!(
        "save",
        error_code = "write",
        log_level = 3,
        on_error_callback = 3,
        catch_panics = "yes",
        parent = 3,
        crate = 3,
        |tx| { 1 }
    );
}

//! A missing crate, reported once.

fn main() {
    let _ = gardefou::error_boundary!("load", crate = nowhere, { 1 });
}

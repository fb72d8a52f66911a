//! A crate that is not there is one mistake.

fn main() {
    let _ = gardefou::error_boundary!("load", crate = nowhere, { 1 });
}

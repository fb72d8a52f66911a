//! A call and an `unsafe` block in place of the block.

use gardefou::error_boundary;

fn called() {
    let _ = error_boundary!("load", load());
}

fn unsafely() {
    let _ = error_boundary!("load", unsafe { 1 });
}

fn load() {}

fn main() {}

//! A call in the block's place is no key with a list, and `unsafe` none without a value.

use gardefou::error_boundary;

fn called() {
    let _ = error_boundary!("load", load());
}

fn unsafely() {
    let _ = error_boundary!("load", unsafe { 1 });
}

fn load() {}

fn main() {}

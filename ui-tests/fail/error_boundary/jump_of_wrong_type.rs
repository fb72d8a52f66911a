//! Jumps with values of the wrong type, reported at the jump.

use gardefou::error_boundary;

fn in_place() {
    for _ in 0..2 {
        let _ = error_boundary!("find", { break 3; });
    }
}

fn out_of_a_closure() -> u8 {
    let _ = error_boundary!("find", catch_panics = true, { return; });
    1
}

fn main() {}

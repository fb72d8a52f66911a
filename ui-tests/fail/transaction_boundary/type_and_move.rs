//! A return type and `move` on the body, which is not a closure.

fn main() {
    let _ = gardefou::transaction_boundary!("save", |tx| -> i32 { 1 });
    let _ = gardefou::transaction_boundary!("save", move |tx| { 1 });
    let _ = gardefou::error_boundary!("load", unsafe { 1 });
}

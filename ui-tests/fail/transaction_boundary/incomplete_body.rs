//! An incomplete body, in which the argument is known.

fn main() {
    let _ = gardefou::transaction_boundary!("save", |tx| { tx. });
}

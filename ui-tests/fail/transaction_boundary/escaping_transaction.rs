//! A transaction that escapes its body, reported at the body's argument.

use gardefou::transaction_boundary;

fn main() {
    let mut kept = None;
    let _ = transaction_boundary!("save", |tx| {
        kept = Some(tx);
        1
    });
    kept.unwrap().set("a", 1);
    let _ = transaction_boundary!("save", |tx| { tx });
}

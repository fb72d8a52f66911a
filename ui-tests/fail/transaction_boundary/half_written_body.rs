//! A body that is no Rust yet knows its argument.

fn main() {
    let _ = gardefou::transaction_boundary!("save", |tx| { tx. });
}

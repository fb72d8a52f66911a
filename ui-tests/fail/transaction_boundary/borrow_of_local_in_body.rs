use gardefou::transaction_boundary;
use std::cell::Cell;

fn main() {
    let _ = transaction_boundary!("save", |tx| {
        let inserted = Cell::new(1);
        tx.on_rollback("undo", || inserted.set(0));
        "1".parse::<u8>()?
    });
}

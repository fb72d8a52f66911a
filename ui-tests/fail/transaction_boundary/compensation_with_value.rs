use gardefou::transaction_boundary;

fn main() {
    let _ = transaction_boundary!("save", |tx| {
        tx.on_rollback("undo", || 1);
        "1".parse::<u8>()?
    });
}

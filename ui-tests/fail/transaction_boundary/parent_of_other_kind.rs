//! A sync transaction that joins an async one, and the reverse.
use gardefou::transaction_boundary;

async fn save() {
    let _ = transaction_boundary!("order", async |tx| {
        let _ = transaction_boundary!("pay", parent = tx, |inner| {
            inner.on_rollback("refund", || ());
        });
    });
}

fn main() {
    let _ = save();
    let _ = transaction_boundary!("order", parent = 7, |_tx| { 1 });
}

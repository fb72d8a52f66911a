use gardefou::transaction_boundary;

fn main() {
    let _ = transaction_boundary!("save", |tx| {
        tx.set("n", 1);
        std::future::ready(1).await
    });
}

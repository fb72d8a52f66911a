use gardefou::transaction_boundary;

fn main() {
    let _ = transaction_boundary!(|tx| {
        tx.set("n", "1".parse::<u8>()?);
    });
}

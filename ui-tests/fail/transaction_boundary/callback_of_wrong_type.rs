use gardefou::transaction_boundary;

fn rollback(message: &str) {
    drop(message.to_owned());
}

fn main() {
    let _ = transaction_boundary!("save", on_error_callback = rollback, |tx| {
        tx.set("n", "1".parse::<u8>()?);
    });
}

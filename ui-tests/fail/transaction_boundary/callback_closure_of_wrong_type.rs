use gardefou::transaction_boundary;

fn main() {
    let _ = transaction_boundary!("save", on_error_callback = |message: &str| drop(message.to_owned()), |tx| {
        tx.set("n", "1".parse::<u8>()?);
    });
}

use gardefou::{AppError, transaction_boundary};

fn rollback(_: &AppError) {}

fn main() {
    let _ = transaction_boundary!("save", on_error_callback = rollback(), |tx| {
        tx.set("n", "1".parse::<u8>()?);
    });
}

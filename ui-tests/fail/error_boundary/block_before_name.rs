use gardefou::{error_boundary, transaction_boundary};

fn main() {
    let _ = error_boundary!({ 1 }, "count");
    let _ = transaction_boundary!(|_tx| { 1 }, "count", log_level = "warn");
}

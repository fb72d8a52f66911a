use gardefou::transaction_boundary;

fn main() {
    let _ = transaction_boundary!("save", { "1".parse::<u8>()? });
    let _ = transaction_boundary!("save", || { "1".parse::<u8>()? });
    let _ = transaction_boundary!("save", |tx, n| { "1".parse::<u8>()? });
}

//! An await of a value that is not a future.

fn load() -> u8 {
    1
}

async fn run() {
    let _ = gardefou::transaction_boundary!("load", |_tx| { load().await });
}

fn main() {
    drop(run());
}

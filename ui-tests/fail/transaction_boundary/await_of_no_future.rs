//! What is awaited is no future.

fn load() -> u8 {
    1
}

async fn run() {
    let _ = gardefou::transaction_boundary!("load", |_tx| { load().await });
}

fn main() {
    drop(run());
}

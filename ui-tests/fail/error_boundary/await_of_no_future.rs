//! What is awaited is no future.

fn load() -> u8 {
    1
}

async fn run() {
    let _ = gardefou::error_boundary!("load", { load().await });
}

fn main() {
    drop(run());
}

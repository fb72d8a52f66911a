//! An await of a value that is not a future.

fn load() -> u8 {
    1
}

async fn run() {
    let _ = gardefou::error_boundary!("load", { load().await });
}

fn main() {
    drop(run());
}

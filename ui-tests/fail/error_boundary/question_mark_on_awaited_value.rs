//! `?` on an awaited value that is not a `Result`.

async fn load() -> u8 {
    1
}

async fn run() {
    let _ = gardefou::error_boundary!("load", { load().await? });
}

fn main() {
    drop(run());
}

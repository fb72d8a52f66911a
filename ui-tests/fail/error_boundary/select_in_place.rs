//! `select!` in a boundary in place.

async fn load() -> u8 {
    1
}

async fn run() {
    let _ = gardefou::error_boundary!("load", {
        tokio::select! {
            one = load() => one,
            other = load() => other,
        }
    });
}

fn main() {
    drop(run());
}

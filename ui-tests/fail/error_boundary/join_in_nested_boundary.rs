//! `join!` in a nested boundary in place, reported once.

async fn load() -> u8 {
    1
}

async fn run() {
    let _ = gardefou::error_boundary!("outer", {
        gardefou::error_boundary!("inner", {
            let (one, other) = tokio::join!(load(), load());
            one + other
        })?
    });
}

fn main() {
    drop(run());
}

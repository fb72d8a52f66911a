//! `join!` in a boundary in place, which awaits without the word.

async fn load() -> u8 {
    1
}

async fn run() {
    let _ = gardefou::error_boundary!("load", {
        let (one, other) = tokio::join!(load(), load());
        one + other
    });
}

fn main() {
    drop(run());
}

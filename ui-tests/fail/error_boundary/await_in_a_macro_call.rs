//! The frame of a boundary cannot be left where a macro call of another crate hides what it awaits.

async fn load() -> u8 {
    1
}

async fn run() {
    let _ = gardefou::error_boundary!("load", {
        println!("{}", load().await);
    });
}

fn main() {
    drop(run());
}

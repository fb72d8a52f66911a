//! An await that a foreign macro hides from the boundary.

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

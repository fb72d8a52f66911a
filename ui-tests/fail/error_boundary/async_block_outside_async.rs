//! A block that is awaited in a function that cannot wait is told at what it awaits.

async fn tick() {}

fn main() {
    let _ = gardefou::error_boundary!("load", async {
        tick().await;
        1
    });
}

//! An async block in a sync function, reported at its await.

async fn tick() {}

fn main() {
    let _ = gardefou::error_boundary!("load", async {
        tick().await;
        1
    });
}

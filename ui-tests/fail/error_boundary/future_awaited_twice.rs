//! A future that is awaited twice.

async fn load() -> u8 {
    1
}

async fn run() {
    let future = load();
    let _ = gardefou::error_boundary!("load", {
        future.await;
        future.await
    });
}

fn main() {
    drop(run());
}

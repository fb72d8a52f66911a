//! A value that is used after it was moved into a future.

async fn store(text: String) -> usize {
    text.len()
}

async fn run(text: String) {
    let _ = gardefou::error_boundary!("store", {
        store(text).await;
        text.len()
    });
}

fn main() {
    drop(run(String::new()));
}

//! A value that changes while a future borrows it.

async fn load(text: &str) -> usize {
    text.len()
}

async fn run(mut text: String) {
    let _ = gardefou::error_boundary!("load", {
        let future = load(&text);
        text.clear();
        future.await
    });
}

fn main() {
    drop(run(String::new()));
}

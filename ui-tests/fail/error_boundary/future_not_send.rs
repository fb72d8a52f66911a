//! A future that is not `Send` because of a variable, which is named.

use std::rc::Rc;

async fn tick() {}

async fn run() {
    let _ = gardefou::error_boundary!("load", {
        let shared = Rc::new(1);
        tick().await;
        drop(shared);
    });
}

fn needs_send(_: impl Send) {}

fn main() {
    needs_send(run());
}

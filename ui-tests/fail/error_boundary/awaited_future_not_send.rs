//! An awaited future that is not `Send`.

use std::rc::Rc;

async fn tick(shared: Rc<u8>) -> u8 {
    *shared
}

async fn run() {
    let _ = gardefou::error_boundary!("load", { tick(Rc::new(1)).await });
}

fn needs_send(_: impl Send) {}

fn main() {
    needs_send(run());
}

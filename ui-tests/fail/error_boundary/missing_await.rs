//! `?` on a future that is not awaited.

async fn load() -> Result<u8, std::io::Error> {
    Ok(1)
}

async fn run() {
    let _ = gardefou::error_boundary!("load", { load()? });
}

fn main() {
    drop(run());
}

//! A nested boundary awaits in a function that cannot wait.

async fn load() -> Result<u8, std::io::Error> {
    Ok(1)
}

fn main() {
    let _ = gardefou::error_boundary!("outer", {
        gardefou::error_boundary!("inner", { load().await? })?
    });
}

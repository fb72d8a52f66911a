//! An await in a nested boundary of a sync function.

async fn load() -> Result<u8, std::io::Error> {
    Ok(1)
}

fn main() {
    let _ = gardefou::error_boundary!("outer", {
        gardefou::error_boundary!("inner", { load().await? })?
    });
}

//! An await in a transaction of a boundary of a sync function.

async fn load() -> Result<u8, std::io::Error> {
    Ok(1)
}

fn main() {
    let _ = gardefou::error_boundary!("outer", {
        gardefou::transaction_boundary!("load", |_tx| { load().await? })?
    });
}

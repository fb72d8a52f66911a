use gardefou::error_boundary;

async fn load() -> Result<u8, std::io::Error> {
    Ok(1)
}

fn main() {
    let _ = error_boundary!("load", { load().await? });
}

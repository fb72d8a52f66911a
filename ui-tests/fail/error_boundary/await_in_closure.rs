use gardefou::error_boundary;

async fn load() -> Result<u8, std::io::Error> {
    error_boundary!("load", || { std::future::ready(1).await }).map_err(std::io::Error::from)
}

fn main() {
    drop(load());
}

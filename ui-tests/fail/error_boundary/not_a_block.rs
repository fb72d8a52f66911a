use gardefou::error_boundary;

fn main() {
    let _ = error_boundary!("parse", "1".parse::<u8>());
    let _ = error_boundary!("parse", |_| { "1".parse::<u8>()? });
    let _ = error_boundary!("parse", async || { "1".parse::<u8>()? });
    let _ = error_boundary!("parse", || "1".parse::<u8>());
}

use gardefou::error_boundary;

fn main() {
    let _ = error_boundary!(name = "parse", { "1".parse::<u8>()? });
}

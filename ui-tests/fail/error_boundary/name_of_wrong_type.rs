use gardefou::error_boundary;

const NAME: u8 = 1;

fn main() {
    let _ = error_boundary!(NAME, { "1".parse::<u8>()? });
}

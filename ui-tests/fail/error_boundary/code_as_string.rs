use gardefou::error_boundary;

const CODE: u8 = 1;

fn main() {
    let _ = error_boundary!("parse", error_code = "CONFIG_ERROR", { "1".parse::<u8>()? });
    let _ = error_boundary!("parse", error_code = CODE, { "1".parse::<u8>()? });
}

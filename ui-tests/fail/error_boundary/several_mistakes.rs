use gardefou::error_boundary;

fn main() {
    let _ = error_boundary!("", eror_code = 1, rethrow = "no", { Ok("1".parse::<u8>()?) });
}

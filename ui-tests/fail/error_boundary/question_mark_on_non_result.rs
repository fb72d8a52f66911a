use gardefou::error_boundary;

fn main() {
    let _ = error_boundary!("length", { "abc".len()? });
}

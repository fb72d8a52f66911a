use gardefou::error_boundary;

fn main() {
    let _ = error_boundary!("first", { "abc".chars().next()? });
}

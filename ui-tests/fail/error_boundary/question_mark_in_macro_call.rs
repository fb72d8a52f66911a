use gardefou::error_boundary;

macro_rules! sum {
    ($($a:tt plus $b:tt)*) => { 0 $(+ $a + $b)* };
    (of $a:expr) => { $a };
}

fn main() {
    let _ = error_boundary!("sum", { sum!(of "1".parse::<u8>()?) });
}

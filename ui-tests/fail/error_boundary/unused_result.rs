#![deny(unused_must_use)]
use gardefou::error_boundary;

fn main() {
    error_boundary!("parse", { "1".parse::<u8>()? });
}

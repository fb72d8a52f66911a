//! An unknown key.

gardefou::error_codes! {
    MODEL_VERSION_ERROR = 212, status = 409;
}

fn main() {}

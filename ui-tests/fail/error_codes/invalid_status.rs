//! A number that is not an HTTP status.

gardefou::error_codes! {
    MODEL_VERSION_ERROR = 212, http = 999;
}

fn main() {}

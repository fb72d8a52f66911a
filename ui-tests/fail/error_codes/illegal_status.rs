//! No HTTP status has this number.

gardefou::error_codes! {
    MODEL_VERSION_ERROR = 212, http = 999;
}

fn main() {}

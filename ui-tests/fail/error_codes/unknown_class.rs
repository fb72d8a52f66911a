//! An unknown class.

gardefou::error_codes! {
    MODEL_VERSION_ERROR = 212, class = Gone;
}

fn main() {}

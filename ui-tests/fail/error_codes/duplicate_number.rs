//! Two codes with the same number.

gardefou::error_codes! {
    /// The model is too old.
    pub MODEL_VERSION_ERROR = 212, http = 409;
    /// The model is for another device.
    pub MODEL_DEVICE_ERROR = 212, http = 409;
}

fn main() {}

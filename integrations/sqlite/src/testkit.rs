//! What the tests of several modules use.

use gardefou::event::Record;
use serde_json::json;

/// A record of an error that stands.
pub(crate) fn sample(message: &str) -> Record {
    let id = gardefou::error::ErrorId::new().to_string();
    serde_json::from_value(json!({
        "id": id, "timestamp": "2023-11-14T22:13:20.250Z", "level": "error", "code": 302,
        "error_code": "DB_WRITE_ERROR", "error_type": "AppError", "message": message,
        "chain": ["no space left on device"], "details": { "table": "clips" },
        "operation": "save", "component": "app::store", "location": "src/store.rs:12:5",
        "elapsed": 1.5, "fingerprint": "00000000000000000000000000000001",
    }))
    .unwrap()
}

/// Random numbers (xorshift64); not 0.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

//! Durations as a stored snapshot has them.

use serde::{Serialize, Serializer};
use serde_json::Value;
use std::time::Duration;

/// A duration that is stored as seconds: a number where that is exact, else its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seconds(pub(super) Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = self.0.as_secs_f64();
        if Duration::try_from_secs_f64(seconds) == Ok(self.0) {
            serializer.serialize_f64(seconds)
        } else if self.0.subsec_nanos() == 0 {
            serializer.serialize_u64(self.0.as_secs())
        } else {
            // 53 bits hold nanoseconds for a hundred days only.
            serializer.collect_str(&format_args!(
                "{}.{:09}",
                self.0.as_secs(),
                self.0.subsec_nanos()
            ))
        }
    }
}

/// Reads what [`Seconds`] wrote. What is too long for a duration is the longest one; what is none,
/// `None`.
pub(super) fn read(value: &Value) -> Option<Duration> {
    if let Some(seconds) = value.as_u64() {
        return Some(Duration::from_secs(seconds));
    }
    if let Some((seconds, nanos)) = value.as_str().and_then(|text| text.split_once('.')) {
        let nanos = (nanos.len() == 9).then(|| nanos.parse().ok())??;
        return Some(
            Duration::from_secs(seconds.parse().ok()?).saturating_add(Duration::from_nanos(nanos)),
        );
    }
    let seconds = value.as_f64().filter(|seconds| *seconds >= 0.0)?;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

//! Heavy hitters: keys without a row that come often enough to get one.

/// Finds keys that come often among many that come once, in a fixed number of slots.
///
/// Each slot counts one key; another key that falls into it takes one off, and takes the slot over
/// once it is at zero (the majority vote of Boyer and Moore, "MJRTY: a fast majority vote
/// algorithm", 1981, one vote a slot). A key that is more than half of what falls into its slot is
/// found; a key that comes once never is.
#[derive(Debug)]
pub(super) struct HeavyHitters {
    slots: Box<[(u64, u32)]>,
}

const SLOTS: usize = 64;

/// How many occurrences make a key frequent. Making room costs a walk over all rows, which is less
/// than so many occurrences cost.
const FREQUENT: u32 = 64;

impl HeavyHitters {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![(0, 0); SLOTS].into(),
        }
    }

    /// Counts an occurrence of a key; returns `true` if the key is frequent, and starts its count
    /// anew.
    pub(super) fn count(&mut self, key: u64) -> bool {
        let (known, count) = &mut self.slots[(key % SLOTS as u64) as usize];
        if *count == 0 {
            (*known, *count) = (key, 1);
        } else if *known == key {
            *count += 1;
        } else {
            *count -= 1;
        }
        let is_frequent = *known == key && *count >= FREQUENT;
        if is_frequent {
            *count = 0;
        }
        is_frequent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_key_is_found_among_many_that_come_once() {
        let mut heavy_hitters = HeavyHitters::new();
        let found = (0..1000).position(|i| {
            assert!(!heavy_hitters.count(1_000_000 + i), "it came once");
            heavy_hitters.count(7)
        });
        assert!(
            found.is_some_and(|occurrences| (63..80).contains(&occurrences)),
            "{found:?}"
        );
        assert!(
            (0..63).all(|_| !heavy_hitters.count(7)),
            "its count starts anew"
        );
        assert!(heavy_hitters.count(7));
    }
}

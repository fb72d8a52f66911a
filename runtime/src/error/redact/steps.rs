//! How many bytes were looked at, for the test that the time is linear; nothing outside of tests.

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts bytes that a loop looks at.
#[cfg(test)]
pub(super) fn count(bytes: usize) {
    STEPS.with(|steps| steps.set(steps.get() + bytes as u64));
}

#[cfg(not(test))]
pub(super) fn count(_: usize) {}

/// Returns the bytes counted on this thread while something runs.
#[cfg(test)]
pub(super) fn during(run: impl FnOnce()) -> u64 {
    let before = STEPS.with(std::cell::Cell::get);
    run();
    STEPS.with(std::cell::Cell::get) - before
}

//! State of the attempts of one call, and the decision after each one that ended. Pure.

/// How an attempt ended that does not decide the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It failed, and another one may succeed.
    Transient,
    /// A policy inside had no room for it: another one started at once would find none either.
    NoRoom,
    /// A policy inside rejects every further attempt too.
    Rejected,
}

/// The attempts of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttemptStates {
    /// How many further attempts may still start.
    left: u32,
    running: u32,
    /// How many have started.
    started: u32,
    /// Whether the next one starts without a wait.
    starts_at_once: bool,
}

impl AttemptStates {
    /// The first attempt runs.
    pub(super) fn new(max_hedges: u32) -> Self {
        Self {
            left: max_hedges,
            running: 1,
            started: 1,
            starts_at_once: false,
        }
    }

    /// Returns `true` if another attempt may start.
    pub(super) fn may_start(&self) -> bool {
        self.left > 0
    }

    /// Returns `true` if one is to start now, whatever the delay.
    pub(super) fn starts_at_once(&self) -> bool {
        self.starts_at_once && self.may_start()
    }

    pub(super) fn started(&mut self) {
        self.left = self.left.saturating_sub(1);
        self.running += 1;
        self.started += 1;
        self.starts_at_once = false;
    }

    /// Returns the number of the attempt that started last, from 1.
    pub(super) fn number(&self) -> u32 {
        self.started
    }

    /// Lets no further attempt start.
    pub(super) fn stop(&mut self) {
        self.left = 0;
    }

    /// Notes that an attempt failed.
    pub(super) fn failed(&mut self, how: Failure) {
        self.running = self.running.saturating_sub(1);
        match how {
            Failure::Transient => self.starts_at_once = true,
            Failure::NoRoom => {}
            Failure::Rejected => self.stop(),
        }
    }

    /// Returns `true` if every attempt has failed and none will start; `has_delay` if time starts
    /// one.
    pub(super) fn are_over(&self, has_delay: bool) -> bool {
        self.running == 0 && !(self.may_start() && (has_delay || self.starts_at_once))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transient_failure_starts_the_next_attempt_at_once_while_there_is_one() {
        let mut attempts = AttemptStates::new(1);
        assert!(!attempts.starts_at_once());
        attempts.failed(Failure::Transient);
        assert!(attempts.starts_at_once() && !attempts.are_over(false));
        attempts.started();
        assert!(!attempts.starts_at_once() && !attempts.may_start());
        assert!(!attempts.are_over(true), "one runs");
        attempts.failed(Failure::Transient);
        assert!(!attempts.starts_at_once() && attempts.are_over(true));
    }

    #[test]
    fn attempt_without_room_leaves_the_next_one_to_its_delay() {
        let mut attempts = AttemptStates::new(2);
        attempts.failed(Failure::NoRoom);
        assert!(attempts.may_start() && !attempts.starts_at_once());
        assert!(!attempts.are_over(true) && attempts.are_over(false));
    }

    #[test]
    fn open_circuit_starts_nothing_and_ends_nothing_that_runs() {
        let mut attempts = AttemptStates::new(5);
        attempts.started();
        attempts.failed(Failure::Rejected);
        assert!(!attempts.may_start() && !attempts.are_over(true));
        attempts.failed(Failure::Transient);
        assert!(attempts.are_over(true));
    }

    #[test]
    fn spent_budget_ends_nothing_that_runs() {
        let mut attempts = AttemptStates::new(3);
        attempts.started();
        attempts.stop();
        assert!(!attempts.may_start() && !attempts.are_over(true));
        attempts.failed(Failure::Transient);
        assert!(!attempts.starts_at_once() && !attempts.are_over(true));
        attempts.failed(Failure::Transient);
        assert!(attempts.are_over(true));
    }
}

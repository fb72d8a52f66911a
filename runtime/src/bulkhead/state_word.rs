//! State of a bulkhead in one word, so that admission and release are one atomic step each: how
//! many slots are taken, how many there are, whether others wait, whether threads may keep slots, and
//! how many calls were admitted.

/// The greatest limit.
pub(super) const MAX_LIMIT: u32 = 1_000_000;

/// The smallest limit of which threads keep slots: with fewer slots each of them decides too often.
const FEWEST: u32 = if cfg!(loom) { 2 } else { 4 };

/// The state, as it is stored in the atomic. From the lowest bit: 20 bits of taken slots, 20 of the
/// limit, one that is set while calls wait in the queue, one while threads may have kept slots, one
/// while those are collected, one that tells an odd number of moves of admitted calls from an even one,
/// and 20 of the number of admitted calls, which is moved elsewhere before it overflows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StateWord(pub(super) u64);

const FIELD: u32 = 20;
const FIELD_MASK: u64 = (1 << FIELD) - 1;
const LIMIT_SHIFT: u32 = FIELD;
const ADMITTED_SHIFT: u32 = 2 * FIELD + 4;

const _: () = assert!((MAX_LIMIT as u64) <= FIELD_MASK);

impl StateWord {
    /// What a release subtracts.
    pub(super) const ONE_IN_FLIGHT: u64 = 1;
    /// Set exactly while calls wait: then releases go through the queue, and no newcomer is
    /// admitted past it.
    pub(super) const WAITING: u64 = 1 << (2 * FIELD);
    /// Set while threads may have [kept](super::kept) slots, which count as taken; never together with
    /// [`WAITING`](Self::WAITING). Changed under the lock.
    const KEEPING: u64 = 1 << (2 * FIELD + 1);
    /// Set while kept slots are collected: no thread keeps another one.
    pub(super) const COLLECTING: u64 = 1 << (2 * FIELD + 2);
    /// Changed with each move of admitted calls, in the same step.
    const MOVED: u64 = 1 << (2 * FIELD + 3);
    const ONE_ADMITTED: u64 = 1 << ADMITTED_SHIFT;
    /// The number of admitted calls from which on they are moved elsewhere: half of what fits, so
    /// that there is room for those that are admitted meanwhile.
    pub(super) const MANY: u64 = if cfg!(loom) {
        16
    } else {
        1 << (63 - ADMITTED_SHIFT)
    };

    pub(super) fn new(limit: u32) -> Self {
        Self(0).with_limit(limit)
    }

    /// Returns how many slots are taken: by running calls, and by threads that keep one.
    #[inline]
    pub(super) fn in_flight(self) -> u32 {
        (self.0 & FIELD_MASK) as u32
    }

    #[inline]
    pub(super) fn limit(self) -> u32 {
        (self.0 >> LIMIT_SHIFT & FIELD_MASK) as u32
    }

    #[inline]
    pub(super) fn is_waiting(self) -> bool {
        self.0 & Self::WAITING != 0
    }

    /// Returns `true` if threads may have kept slots.
    #[inline]
    pub(super) fn is_keeping(self) -> bool {
        self.0 & Self::KEEPING != 0
    }

    /// Returns `true` if a thread may keep the slot of a call that ended.
    #[inline]
    pub(super) fn may_keep(self) -> bool {
        self.0 & (Self::KEEPING | Self::COLLECTING) == Self::KEEPING
    }

    /// Returns `true` if no more than the `parts`-th part of the slots is taken.
    #[inline]
    pub(super) fn is_far_from_limit(self, parts: u64) -> bool {
        u64::from(self.in_flight()) * parts <= u64::from(self.limit())
    }

    /// Returns how many calls were admitted since the number was last moved elsewhere.
    #[inline]
    pub(super) fn admitted(self) -> u64 {
        self.0 >> ADMITTED_SHIFT
    }

    #[inline]
    pub(super) fn has_many_admitted(self) -> bool {
        self.admitted() >= Self::MANY
    }

    #[inline]
    pub(super) fn has_free_slot(self) -> bool {
        self.in_flight() < self.limit()
    }

    /// Returns the state in which one more call runs, unless there is no free slot or others wait.
    #[inline]
    pub(super) fn admit(self) -> Option<Self> {
        (self.has_free_slot() && !self.is_waiting()).then_some(self.plus_one())
    }

    /// As [`admit`](Self::admit), also unless threads may keep slots.
    #[inline]
    pub(super) fn admit_unmarked(self) -> Option<Self> {
        let is_marked = self.0 & (Self::WAITING | Self::KEEPING) != 0;
        (self.has_free_slot() && !is_marked).then_some(self.plus_one())
    }

    /// Returns the state in which the call that has waited longest runs, unless there is no free
    /// slot.
    pub(super) fn grant(self, is_last_waiter: bool) -> Option<Self> {
        let flag = if is_last_waiter { Self::WAITING } else { 0 };
        // Not counted as admitted before it takes the slot: until then it may go away.
        self.has_free_slot()
            .then_some(Self((self.0 + Self::ONE_IN_FLIGHT) & !flag))
    }

    #[inline]
    fn plus_one(self) -> Self {
        // An overflow of the topmost field would leave the word, and not change other fields.
        Self(
            self.0
                .wrapping_add(Self::ONE_IN_FLIGHT | Self::ONE_ADMITTED),
        )
    }

    pub(super) fn with_limit(self, limit: u32) -> Self {
        let field = FIELD_MASK << LIMIT_SHIFT;
        Self(self.0 & !field | u64::from(limit) << LIMIT_SHIFT)
    }

    pub(super) fn with_waiting(self) -> Self {
        Self(self.0 | Self::WAITING)
    }

    /// Returns the state in which threads may keep slots, where that cannot be soon in the way.
    pub(super) fn start_keeping(self, parts: u64) -> Option<Self> {
        let may_start = !self.is_waiting()
            && !self.is_keeping()
            && self.limit() >= FEWEST
            && self.is_far_from_limit(parts);
        may_start.then_some(Self(self.0 | Self::KEEPING))
    }

    /// Returns the state after all kept slots were collected, so many of which are free.
    pub(super) fn collected(self, freed: u32) -> Self {
        let marks = Self::KEEPING | Self::COLLECTING;
        Self((self.0 & !marks) - u64::from(freed) * Self::ONE_IN_FLIGHT)
    }

    /// Returns the state from which [`MANY`](Self::MANY) admitted calls were moved elsewhere.
    pub(super) fn without_many(self) -> Self {
        Self((self.0 - (Self::MANY << ADMITTED_SHIFT)) ^ Self::MOVED)
    }

    /// Returns `true` if admitted calls were moved elsewhere an odd number of times.
    pub(super) fn is_moved_odd(self) -> bool {
        self.0 & Self::MOVED != 0
    }

    #[cfg(test)]
    pub(super) fn with_admitted(self, admitted: u64) -> Self {
        Self(self.0 & (Self::ONE_ADMITTED - 1) | admitted << ADMITTED_SHIFT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_reach_into_each_other() {
        let full = StateWord::new(MAX_LIMIT);
        let mut word = full;
        for running in 0..MAX_LIMIT {
            assert_eq!((word.in_flight(), word.limit()), (running, MAX_LIMIT));
            word = word.admit().unwrap();
        }
        assert_eq!(word.admit(), None);
        assert_eq!(word.admitted(), u64::from(MAX_LIMIT));
        let lower = word.with_limit(0).with_waiting();
        assert_eq!((lower.in_flight(), lower.limit()), (MAX_LIMIT, 0));
        assert!(lower.is_waiting() && !word.is_waiting());
        assert_eq!(lower.admitted(), word.admitted());
    }

    #[test]
    fn admitted_calls_at_the_end_of_their_field_change_no_other_field() {
        let word = StateWord((u64::MAX >> ADMITTED_SHIFT) << ADMITTED_SHIFT).with_limit(5);
        let next = word.admit().unwrap();
        assert_eq!((next.in_flight(), next.limit(), next.admitted()), (1, 5, 0));
        assert!(word.has_many_admitted() && !next.is_waiting());
        let moved = word.without_many();
        assert_eq!(moved.admitted(), word.admitted() - StateWord::MANY);
        assert!(moved.is_moved_odd() && !moved.is_waiting());
        assert!(!moved.admit().unwrap().without_many().is_moved_odd());
        assert_eq!((moved.in_flight(), moved.limit()), (0, 5));
    }

    #[test]
    fn waiters_come_before_newcomers() {
        let word = StateWord::new(2).with_waiting();
        assert_eq!(word.admit(), None);
        let granted = word.grant(false).unwrap();
        assert!(granted.is_waiting());
        assert!(!granted.grant(true).unwrap().is_waiting());
        assert_eq!(granted.grant(true).unwrap().grant(true), None);
    }
}

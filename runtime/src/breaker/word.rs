//! The word that mirrors what the fast path must know: three bits of mode, flags, and the
//! generation above.

use super::state::{Core, Phase};

pub(super) const MODE: u64 = 0b111;
pub(super) const CLOSED: u64 = 0;
pub(super) const OPEN: u64 = 1;
pub(super) const HALF_OPEN: u64 = 2;
pub(super) const FORCED_OPEN: u64 = 3;
pub(super) const DISABLED: u64 = 4;
/// One more quick success would change nothing.
pub(super) const SATURATED: u64 = 1 << 3;
/// Calls must be timed.
pub(super) const TIMED: u64 = 1 << 4;
/// Nothing is rejected.
pub(super) const SHADOW: u64 = 1 << 5;
/// Never in the breaker's word: a ticket that only shadow mode let in, whose verdict decides
/// nothing.
pub(super) const BYSTANDER: u64 = 1 << 6;
/// Never in the breaker's word: a ticket whose call was seen pending, packed by [`pend`].
#[cfg(feature = "async")]
const PENDING: u64 = 1 << 7;
/// Never in the breaker's word: a ticket whose call is entered as running.
pub(super) const ENTERED: u64 = 1 << 8;
/// Never in the breaker's word: a ticket whose call runs on the slot of a call around it.
pub(super) const LENT: u64 = 1 << 9;
const GENERATION: u32 = 10;
const FLAGS: u64 = (1 << GENERATION) - 1;

pub(super) fn of(core: &Core) -> u64 {
    let mode = match core.phase() {
        Phase::Closed => CLOSED,
        Phase::Open { .. } => OPEN,
        Phase::HalfOpen(_) => HALF_OPEN,
        Phase::ForcedOpen => FORCED_OPEN,
        Phase::Disabled => DISABLED,
    };
    let flag = |set: bool, flag: u64| if set { flag } else { 0 };
    mode | flag(core.is_saturated(), SATURATED)
        | flag(core.config().slow_call.is_some(), TIMED)
        | flag(core.config().shadow, SHADOW)
        | core.generation() << GENERATION
}

/// The word for a ticket that only shadow mode gives.
pub(super) fn bystander(word: u64, generation: u64) -> u64 {
    let flags = word & FLAGS;
    flags & !(TIMED | SATURATED) | BYSTANDER | generation << GENERATION
}

/// Tells whether a call may go on at once: the circuit is closed, and calls are not timed.
pub(super) fn is_plainly_closed(word: u64) -> bool {
    word & (MODE | TIMED) == CLOSED
}

pub(super) fn generation(word: u64) -> u64 {
    word >> GENERATION
}

/// The lower half of a word is its flags and the low bits of its generation; the upper half of one
/// that pends, the number of successes, wrapped.
#[cfg(feature = "async")]
const HALF: u32 = 32;

/// Packs the word of a ticket with the number of successes when its call was first seen pending.
#[cfg(feature = "async")]
pub(super) fn pend(word: u64, successes: u32) -> u64 {
    word & ((1 << HALF) - 1) | PENDING | u64::from(successes) << HALF
}

#[cfg(feature = "async")]
pub(super) fn is_pending(word: u64) -> bool {
    word & PENDING != 0
}

/// Takes apart what [`pend`] packed. The upper bits of the generation are those of `current`, a
/// word that the breaker had later: fewer than 2^22 changes of state lie between, or the call is
/// taken for a later one.
#[cfg(feature = "async")]
pub(super) fn unpend(word: u64, current: u64) -> (u64, u32) {
    const LOW: u64 = (1 << (HALF - GENERATION)) - 1;
    let (low, now) = (word >> GENERATION & LOW, generation(current));
    let generation = now.wrapping_sub(now.wrapping_sub(low) & LOW);
    (
        word & FLAGS & !PENDING | generation << GENERATION,
        (word >> HALF) as u32,
    )
}

#[cfg(all(test, not(loom), feature = "async"))]
mod tests {
    use super::*;

    #[test]
    fn a_pending_word_comes_back_whole_whatever_the_generation() {
        let changes = 1 << (HALF - GENERATION);
        for generation in [
            0,
            1,
            changes - 1,
            changes,
            changes + 1,
            3 * changes - 1,
            1 << 40,
        ] {
            for later in [0, 1, 1000, changes - 1] {
                let word = generation << GENERATION | TIMED | HALF_OPEN | ENTERED;
                let pending = pend(word, u32::MAX - 7);
                assert!(is_pending(pending) && !is_pending(word));
                assert_eq!(
                    unpend(pending, (generation + later) << GENERATION | OPEN),
                    (word, u32::MAX - 7)
                );
            }
        }
    }
}

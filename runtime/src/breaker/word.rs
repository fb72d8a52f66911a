//! The word that mirrors what the fast path must know: three bits of mode, four flags, and the generation above.

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
/// Never in the breaker's word: a ticket that only shadow mode let in, whose verdict decides nothing.
pub(super) const BYSTANDER: u64 = 1 << 6;
/// Never in the breaker's word: a ticket whose call was seen pending, since its start.
#[cfg(feature = "async")]
pub(super) const PENDING: u64 = 1 << 7;
pub(super) const GENERATION: u32 = 8;

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
    let flags = word & ((1 << GENERATION) - 1);
    flags & !(TIMED | SATURATED) | BYSTANDER | generation << GENERATION
}

/// Tells whether a call may go on at once: the circuit is closed, and calls are not timed.
pub(super) fn is_plainly_closed(word: u64) -> bool {
    word & (MODE | TIMED) == CLOSED
}

pub(super) fn generation(word: u64) -> u64 {
    word >> GENERATION
}

//! Which of its two readings of the system's clock a guard uses.

use super::{Tick, system};
#[cfg(not(test))]
use std::sync::OnceLock;
use std::time::Duration;

/// A reading of the system's clock. Other clocks have one reading, which is precise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Measures.
    #[default]
    Precise,
    /// Costs an eighth. It never leads, and lags by at most `lag` nanoseconds.
    Coarse { lag: u32 },
}

/// How many steps of the coarse reading a setting has at least that is measured by it.
const STEPS: u32 = 50;

impl Reading {
    /// Returns the reading for a setting: coarse where its steps are small beside it.
    pub(crate) fn of(setting: Duration) -> Self {
        step().map_or(Self::Precise, |step| Self::by_step(setting, step))
    }

    pub(crate) fn is_coarse(self) -> bool {
        self != Self::Precise
    }

    fn by_step(setting: Duration, step: Duration) -> Self {
        // A step is due when the one before is over, and made when the machine gets to it.
        match u32::try_from(step.saturating_mul(2).as_nanos()) {
            Ok(lag) if setting >= step.saturating_mul(STEPS) => Self::Coarse { lag },
            _ => Self::Precise,
        }
    }

    /// Returns a tick that does not lie behind the present, of which this is the reading.
    #[inline]
    pub(super) fn ahead(self, read: Tick) -> Tick {
        match self {
            Self::Precise => read,
            Self::Coarse { lag } => read.after_nanos(lag.into()),
        }
    }
}

/// Returns the step of the coarse reading, if there is one.
#[cfg(not(test))]
fn step() -> Option<Duration> {
    // The kernel is asked once.
    static STEP: OnceLock<Option<Duration>> = OnceLock::new();
    *STEP.get_or_init(system::coarse_step)
}

/// Returns the coarse reading of a clock that shows `now`: clocks of users have one reading.
#[cfg(not(test))]
#[inline]
pub(super) fn lagging(now: Tick) -> Tick {
    now
}

#[cfg(test)]
pub(crate) use lag::Lag;
#[cfg(test)]
pub(super) use lag::lagging;
#[cfg(test)]
use lag::step;

/// A second reading of manual clocks, for tests.
#[cfg(test)]
mod lag {
    use super::{Duration, Tick, system};
    use std::cell::Cell;

    thread_local!(static LAG: Cell<Option<Lag>> = const { Cell::new(None) });

    /// How the coarse reading of this thread lags.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Lag {
        pub(crate) step: Duration,
        /// At most two steps.
        pub(crate) behind: Duration,
    }

    impl Lag {
        /// Lets each clock of this thread have a coarse reading that lags so, or none.
        pub(crate) fn set(lag: Option<Self>) {
            assert!(lag.is_none_or(|lag| lag.behind <= lag.step * 2), "{lag:?}");
            LAG.set(lag);
        }
    }

    pub(in crate::time) fn step() -> Option<Duration> {
        LAG.get()
            .map_or_else(system::coarse_step, |lag| Some(lag.step))
    }

    pub(in crate::time) fn lagging(now: Tick) -> Tick {
        let behind = LAG.get().map_or(Duration::ZERO, |lag| lag.behind);
        Tick::ZERO.after(now.since(Tick::ZERO.after(behind)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_of_fifty_steps_is_measured_by_the_coarse_reading() {
        let step = Duration::from_millis(4);
        let reading = |millis| Reading::by_step(Duration::from_millis(millis), step);
        assert_eq!(reading(199), Reading::Precise);
        assert_eq!(reading(200), Reading::Coarse { lag: 8_000_000 });
        let hours = Duration::from_secs(3600);
        assert_eq!(Reading::by_step(Duration::MAX, hours), Reading::Precise);
    }

    #[test]
    fn what_lasts_from_a_coarse_reading_on_never_ends_early() {
        let (lag, second) = (8_000_000, Duration::from_secs(1));
        let reading = Reading::Coarse { lag };
        for behind in [0, 1, 4_000_000, 8_000_000] {
            let began = Tick::from_nanos(5_000_000_000);
            let read = Tick::from_nanos(began.as_nanos() - behind);
            let end = reading.ahead(read).after(second);
            let late = end.since(began.after(second));
            assert!(end >= began.after(second) && late <= Duration::from_nanos(lag.into()));
        }
    }
}

//! Delays before each retry: a pure sequence.

use super::jitter::Jitter;
use crate::{error::ConfigError, name, rng::Rng, time::saturating_nanos};
use std::{fmt, iter::FusedIterator, str::FromStr, time::Duration};

/// The way in which delays grow from one retry to the next; parsed from its [name](Self::name).
///
/// # Examples
///
/// ```
/// use gardefou::retry::BackoffKind;
///
/// assert_eq!("linear".parse(), Ok(BackoffKind::Linear));
/// assert!("fibonacci".parse::<BackoffKind>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BackoffKind {
    /// Always the initial delay.
    Constant,
    /// The initial delay times 1, 2, 3, ...
    Linear,
    /// The initial delay times `factor` to the power of 0, 1, 2, ...
    Exponential,
    /// A random delay between the initial one and `factor` times the delay before; no jitter is
    /// added to it.
    Decorrelated,
}

impl BackoffKind {
    /// Every kind there is.
    pub(crate) const ALL: [Self; 4] = [
        Self::Constant,
        Self::Linear,
        Self::Exponential,
        Self::Decorrelated,
    ];

    /// Returns the kind's name in `#[retry(backoff = "..")]`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::BackoffKind;
    ///
    /// assert_eq!(BackoffKind::Decorrelated.name(), "decorrelated");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Linear => "linear",
            Self::Exponential => "exponential",
            Self::Decorrelated => "decorrelated",
        }
    }

    const fn default_factor(self) -> f64 {
        match self {
            // The factor that Amazon's study of jitter uses for it.
            Self::Decorrelated => 3.0,
            _ => 2.0,
        }
    }
}

impl fmt::Display for BackoffKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for BackoffKind {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        let rule = "must be constant, linear, exponential or decorrelated";
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| ConfigError::new("backoff", name::shown(name), rule))
    }
}

/// The delays between the attempts of a retry, as a plain value.
///
/// Each delay is computed from its place in the sequence, cut to `max_delay` and spread by the
/// jitter, below the cap where it would reach above: no delay is ever longer than that, and clients
/// with jitter do not gather at it. All arithmetic saturates, so that the ten-thousandth retry is
/// as sound as the first, and an odd factor never panics: NaN counts as 1, a negative one as 0, and
/// whatever grows past the end of time (584 years) stays there until the cap cuts it.
/// [`Retry`](super::Retry) refuses such factors when it is built.
///
/// # Defaults
///
/// - `factor` 2.0 (3.0 for [`decorrelated`](Self::decorrelated)); it is a finite number of at least
///   1
/// - `max_delay` 60 s, or the initial delay where that is longer
/// - `jitter` [`Jitter::Full`]
/// - `seed` none: each sequence is different
///
/// # Examples
///
/// ```
/// use gardefou::retry::{Backoff, Jitter};
/// use std::time::Duration;
///
/// let backoff = Backoff::exponential(Duration::from_secs(1)).max_delay(Duration::from_secs(5)).jitter(Jitter::None);
/// let delays: Vec<u64> = backoff.delays().take(5).map(|delay| delay.as_secs()).collect();
/// assert_eq!(delays, [1, 2, 4, 5, 5]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Backoff {
    pub(crate) kind: BackoffKind,
    pub(crate) initial: Duration,
    /// The kind's own factor where none was given.
    pub(crate) factor: Option<f64>,
    pub(crate) max_delay: Option<Duration>,
    pub(crate) jitter: Jitter,
    pub(crate) seed: Option<u64>,
}

impl Backoff {
    /// The longest delay where none was set.
    pub(crate) const DEFAULT_MAX_DELAY: Duration = Duration::from_secs(60);

    const fn new(kind: BackoffKind, initial: Duration) -> Self {
        Self {
            kind,
            initial,
            factor: None,
            max_delay: None,
            jitter: Jitter::Full,
            seed: None,
        }
    }

    /// Makes delays that are all `delay` long.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{Backoff, Jitter};
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// let backoff = Backoff::constant(second).jitter(Jitter::None);
    /// assert!(backoff.delays().take(1000).all(|delay| delay == second));
    /// ```
    pub const fn constant(delay: Duration) -> Self {
        Self::new(BackoffKind::Constant, delay)
    }

    /// Makes delays that grow by `initial` each time: 1, 2, 3, ... times as long.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{Backoff, Jitter};
    /// use std::time::Duration;
    ///
    /// let backoff = Backoff::linear(Duration::from_secs(2)).jitter(Jitter::None);
    /// let delays: Vec<u64> = backoff.delays().take(3).map(|delay| delay.as_secs()).collect();
    /// assert_eq!(delays, [2, 4, 6]);
    /// ```
    pub const fn linear(initial: Duration) -> Self {
        Self::new(BackoffKind::Linear, initial)
    }

    /// Makes delays that grow by a factor each time: `initial`, then [`factor`](Self::factor) times
    /// as long as before.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{Backoff, Jitter};
    /// use std::time::Duration;
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(1)).factor(3.0).jitter(Jitter::None);
    /// let delays: Vec<u64> = backoff.delays().take(4).map(|delay| delay.as_secs()).collect();
    /// assert_eq!(delays, [1, 3, 9, 27]);
    /// ```
    pub const fn exponential(initial: Duration) -> Self {
        Self::new(BackoffKind::Exponential, initial)
    }

    /// Makes delays that wander at random: each lies between `initial` and [`factor`](Self::factor)
    /// times the one before, so that clients which failed together do not come back together.
    ///
    /// The delays are random already: [`jitter`](Self::jitter) does not apply to them.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Backoff;
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// let mut previous = second;
    /// for delay in Backoff::decorrelated(second).delays().take(100) {
    ///     assert!(delay >= second && delay <= (previous * 3).min(Duration::from_secs(60)));
    ///     previous = delay;
    /// }
    /// ```
    pub const fn decorrelated(initial: Duration) -> Self {
        Self::new(BackoffKind::Decorrelated, initial)
    }

    /// Sets by how much delays grow; constant and linear ones have no use for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{Backoff, Jitter};
    /// use std::time::Duration;
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(2)).factor(1.5).jitter(Jitter::None);
    /// assert_eq!(backoff.delays().nth(2), Some(Duration::from_millis(4500)));
    /// ```
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = Some(factor);
        self
    }

    /// Sets the longest delay; the jitter never reaches above it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{Backoff, Jitter};
    /// use std::time::Duration;
    ///
    /// let minute = Duration::from_secs(60);
    /// let backoff = Backoff::constant(minute).max_delay(minute).jitter(Jitter::PlusMinus(0.2));
    /// assert!(backoff.delays().take(1000).all(|delay| delay <= minute));
    /// ```
    pub const fn max_delay(mut self, max_delay: Duration) -> Self {
        self.max_delay = Some(max_delay);
        self
    }

    /// Sets how delays are spread at random.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{Backoff, Jitter};
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// let backoff = Backoff::constant(second).jitter(Jitter::Equal);
    /// assert!(backoff.delays().take(1000).all(|delay| delay >= second / 2 && delay <= second));
    /// ```
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Makes the random part the same each time, for tests; every sequence then starts again from
    /// this seed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Backoff;
    /// use std::time::Duration;
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(1)).seed(7);
    /// assert!(backoff.delays().take(20).eq(backoff.delays().take(20)));
    /// ```
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Returns the sequence of delays from its start; it never ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Backoff;
    /// use std::time::Duration;
    ///
    /// let delays = Backoff::exponential(Duration::from_millis(500)).delays();
    /// assert!(delays.skip(1100).take(10).all(|delay| delay <= Duration::from_secs(60)));
    /// ```
    pub fn delays(&self) -> Delays {
        Delays {
            backoff: self.clone(),
            index: 0,
            state: DelayState::default(),
        }
    }

    /// Returns the cap: as set, or the default one.
    pub(crate) fn cap(&self) -> Duration {
        self.max_delay
            .unwrap_or(Self::DEFAULT_MAX_DELAY.max(self.initial))
    }

    /// Returns the delay before the retry with this index (from 0); `state` passes from one delay
    /// to the next.
    pub(crate) fn delay_at(&self, index: u32, state: &mut DelayState) -> Duration {
        let cap = saturating_nanos(self.cap());
        let initial = saturating_nanos(self.initial);
        let factor = self.factor.unwrap_or(self.kind.default_factor());
        // A power of NaN is NaN: such a factor neither grows nor shrinks the delay.
        let factor = if factor.is_nan() {
            1.0
        } else {
            factor.max(0.0)
        };
        let nanos = match self.kind {
            BackoffKind::Constant => self.spread(initial.min(cap), cap, index),
            BackoffKind::Linear => self.spread(
                initial
                    .saturating_mul(u64::from(index).saturating_add(1))
                    .min(cap),
                cap,
                index,
            ),
            BackoffKind::Exponential => {
                let power = factor.powi(i32::try_from(index).unwrap_or(i32::MAX));
                // Cut before the jitter too: else every long delay, jittered or not, would be
                // exactly the cap, and the clients that wait longest would return together.
                self.spread(times(initial, power).min(cap), cap, index)
            }
            BackoffKind::Decorrelated => {
                let previous = if index == 0 {
                    initial
                } else {
                    (state.previous as u64).max(initial)
                };
                let upper = times(previous, factor).clamp(initial, cap.max(initial));
                between(initial, upper, self.fraction(index))
            }
        };
        let nanos = nanos.min(cap);
        state.previous = nanos as f32;
        Duration::from_nanos(nanos)
    }

    fn spread(&self, nanos: u64, cap: u64, index: u32) -> u64 {
        match self.jitter {
            Jitter::None => nanos,
            Jitter::Full => between(0, nanos, self.fraction(index)),
            Jitter::Equal => between(nanos / 2, nanos, self.fraction(index)),
            Jitter::PlusMinus(part) => {
                let part = if part.is_nan() {
                    0.0
                } else {
                    part.clamp(0.0, 1.0)
                };
                // Delays above the cap are spread below it: cut off, they would all be the cap.
                between(
                    times(nanos, 1.0 - part),
                    times(nanos, 1.0 + part).min(cap),
                    self.fraction(index),
                )
            }
        }
    }

    /// Returns the random number of this delay: each delay draws one, so that a seeded sequence
    /// needs no state but the index.
    /// Returns the wait for a callee that asked for one: up to a tenth more, so that the clients
    /// which it asked at once do not return at once, and at most the longest delay. Without jitter
    /// it is the wait itself.
    pub(crate) fn spread_wait(&self, wait: Duration, index: u32) -> Duration {
        if self.jitter == Jitter::None {
            return wait;
        }
        let (nanos, cap) = (saturating_nanos(wait), saturating_nanos(self.cap()));
        let longest = times(nanos, 1.1).min(cap);
        Duration::from_nanos(between(nanos, longest, self.fraction(index)))
    }

    fn fraction(&self, index: u32) -> f64 {
        match self.seed {
            Some(seed) => Rng::seeded_at(seed, index.into()).next_fraction(),
            None => Rng::from_entropy().next_fraction(),
        }
    }

    /// Returns the illegal values, by the names of the builder's setters.
    pub(super) fn problems(&self) -> impl Iterator<Item = ConfigError> {
        let factor = self
            .factor
            .filter(|factor| !(factor.is_finite() && *factor >= 1.0));
        let rule = "must be a finite number of at least 1";
        let factor = factor.map(|factor| ConfigError::new("backoff_factor", factor, rule));
        let jitter = match self.jitter {
            Jitter::PlusMinus(part) if !(0.0..=1.0).contains(&part) => {
                let rule = "must be a fraction between 0 and 1";
                Some(ConfigError::new("jitter", part, rule))
            }
            _ => None,
        };
        factor.into_iter().chain(jitter)
    }
}

/// How the delays of a retry are given: as a whole [`Backoff`], a [`BackoffKind`], or the name of
/// one.
#[derive(Clone, Debug)]
pub struct BackoffSetting(pub(super) Setting);

#[derive(Clone, Debug)]
pub(super) enum Setting {
    Whole(Backoff),
    Kind(Result<BackoffKind, ConfigError>),
}

impl From<Backoff> for BackoffSetting {
    fn from(backoff: Backoff) -> Self {
        Self(Setting::Whole(backoff))
    }
}

impl From<BackoffKind> for BackoffSetting {
    fn from(kind: BackoffKind) -> Self {
        Self(Setting::Kind(Ok(kind)))
    }
}

impl From<&str> for BackoffSetting {
    fn from(name: &str) -> Self {
        Self(Setting::Kind(name.parse()))
    }
}

/// The state that one delay passes to the next; half a word, so that it shares a word with the
/// number of the attempt.
#[derive(Clone, Debug, Default)]
pub(crate) struct DelayState {
    /// The previous delay in nanoseconds, to seven digits, which is more than a random delay needs.
    previous: f32,
}

impl DelayState {
    pub(crate) fn from_bits(bits: u32) -> Self {
        Self {
            previous: f32::from_bits(bits),
        }
    }

    pub(crate) fn to_bits(&self) -> u32 {
        self.previous.to_bits()
    }
}

/// The endless sequence of delays of a [`Backoff`].
///
/// # Examples
///
/// ```
/// use gardefou::retry::{Backoff, Jitter};
/// use std::time::Duration;
///
/// let mut delays = Backoff::linear(Duration::from_secs(1)).jitter(Jitter::None).delays();
/// assert_eq!(delays.next(), Some(Duration::from_secs(1)));
/// assert_eq!(delays.next(), Some(Duration::from_secs(2)));
/// ```
#[derive(Clone, Debug)]
#[must_use = "iterators do nothing until they are advanced"]
pub struct Delays {
    backoff: Backoff,
    index: u32,
    state: DelayState,
}

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let delay = self.backoff.delay_at(self.index, &mut self.state);
        self.index = self.index.saturating_add(1);
        Some(delay)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl FusedIterator for Delays {}

/// Returns `nanos` times `factor`, which is not NaN and not negative.
fn times(nanos: u64, factor: f64) -> u64 {
    // `as` saturates: past the end it stays at the end, and zero times infinity (NaN) is zero.
    (nanos as f64 * factor).round() as u64
}

/// Returns the point at `fraction` of the way from `low` to `high`.
fn between(low: u64, high: u64, fraction: f64) -> u64 {
    low.saturating_add(times(high.saturating_sub(low), fraction))
        .min(high.max(low))
}

#[cfg(test)]
mod tests;

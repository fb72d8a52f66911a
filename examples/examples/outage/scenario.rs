//! What goes wrong with the service, and for how long.

use std::time::Duration;

/// A service, the load on it, and its trouble.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// Programs that call the service, each with its own guards, like instances of a service behind
    /// a load balancer.
    pub(crate) programs: usize,
    /// Requests that the service works on at once.
    pub(crate) workers: usize,
    /// Requests that wait for a worker at most; the service refuses further ones.
    pub(crate) queue: usize,
    /// The mean time that a worker needs for a request; the times are exponentially distributed.
    pub(crate) service_time: Duration,
    /// Calls that all programs together begin in a second, at random (a Poisson process): people do
    /// not wait for each other.
    pub(crate) calls_per_second: u32,
    pub(crate) trouble: Trouble,
    /// When the trouble begins.
    pub(crate) from: Duration,
    /// When it is over.
    pub(crate) until: Duration,
    /// How long calls are begun.
    pub(crate) duration: Duration,
    /// How much of that the figure shows.
    pub(crate) shown: Duration,
}

/// What is wrong while a trouble lasts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Trouble {
    /// This share of the requests fails.
    Failures(f64),
    /// Requests take so many times as long.
    Slowness(f64),
}

/// After how long a client no longer waits for the answer to a request.
pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);

impl Scenario {
    pub(crate) const ALL: [Self; 3] = [Self::FAILURES, Self::SLOWNESS, Self::COLLAPSE];

    /// Three requests in ten fail for a minute; there are workers enough.
    pub(crate) const FAILURES: Self = Self {
        name: "failures",
        title: "Three requests in ten fail for a minute",
        programs: 4,
        workers: 200,
        queue: 1000,
        service_time: Duration::from_millis(50),
        calls_per_second: 240,
        trouble: Trouble::Failures(0.3),
        from: Duration::from_secs(30),
        until: Duration::from_secs(90),
        duration: Duration::from_secs(180),
        shown: Duration::from_secs(180),
    };

    /// The service takes twenty times as long for a minute, and has workers enough for that.
    pub(crate) const SLOWNESS: Self = Self {
        name: "slowness",
        title: "Requests take twenty times as long for a minute",
        workers: 2000,
        trouble: Trouble::Slowness(20.0),
        ..Self::FAILURES
    };

    /// Ten seconds of slowness meet a service with few workers and a queue: it keeps working on
    /// requests whose clients have given up.
    pub(crate) const COLLAPSE: Self = Self {
        name: "collapse",
        title: "Ten seconds of slowness fill a queue",
        workers: 20,
        queue: 1600,
        trouble: Trouble::Slowness(10.0),
        until: Duration::from_secs(40),
        duration: Duration::from_secs(240),
        shown: Duration::from_secs(180),
        ..Self::FAILURES
    };

    /// Every request fails, from the first second to the last.
    pub(crate) const DOWN: Self = Self {
        name: "down",
        title: "Every request fails",
        trouble: Trouble::Failures(1.0),
        from: Duration::ZERO,
        until: Duration::MAX,
        duration: Duration::from_secs(60),
        ..Self::FAILURES
    };

    /// Returns how many requests the service can answer in a second.
    pub(crate) fn capacity(&self) -> f64 {
        self.workers as f64 / self.service_time.as_secs_f64()
    }
}

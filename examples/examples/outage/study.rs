//! Amazon's study of backoff and jitter, with the delays of this library.
//!
//! "Exponential Backoff And Jitter" (Marc Brooker, AWS Architecture Blog, 2015) lets clients contend
//! for one row under optimistic concurrency control: each reads the version of the row, then writes
//! with it. A write succeeds if nobody wrote in between; otherwise the client waits for its backoff
//! and reads again. Every message takes a network delay. What counts is the number of writes until
//! each client has made one that succeeded, and how long that takes.

use super::{random::Random, schedule::Schedule};
use gardefou::{
    ConfigError,
    retry::{Attempt, Backoff, Jitter, Next, Retry, Run},
    time::ManualClock,
};
use std::{sync::Mutex, time::Duration};

/// How clients wait between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// Not at all.
    None,
    /// Exponential backoff without jitter.
    Exponential,
    /// Exponential backoff, equal jitter.
    Equal,
    /// Exponential backoff, full jitter.
    Full,
    /// Decorrelated delays.
    Decorrelated,
    /// Decorrelated delays as the study draws them: those above the cap become the cap.
    DecorrelatedToCap,
}

/// The mean over many trials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// Writes until every client succeeded.
    pub(crate) calls: f64,
    /// Milliseconds until the last client succeeded.
    pub(crate) time: f64,
}

/// What the study's own simulator gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference {
    pub(crate) waiting: Waiting,
    pub(crate) clients: usize,
    pub(crate) outcome: Outcome,
    /// How many trials make the standard error of our mean small beside 5 %.
    pub(crate) trials: u32,
}

impl Reference {
    const fn new(waiting: Waiting, clients: usize, calls: f64, time: f64) -> Self {
        // Chance decides most where few clients wait at random.
        let trials = match (clients, waiting) {
            (..=10, Waiting::Exponential) => 600,
            (..=10, _) => 200,
            (..=50, Waiting::None | Waiting::Exponential) => 40,
            (..=50, _) => 150,
            (_, Waiting::None | Waiting::Exponential) => 20,
            _ => 80,
        };
        Self {
            waiting,
            clients,
            outcome: Outcome { calls, time },
            trials,
        }
    }
}

/// Means of the study's simulator, github.com/aws-samples/aws-arch-backoff-simulator at commit 66cb169,
/// run under Python 3.11 (`range` for `xrange`) with 4000 trials for 10 and 50 clients and 1000 for 100.
/// Their standard errors are below 0.8 %.
pub(crate) const REFERENCES: [Reference; 16] = [
    Reference::new(Waiting::None, 10, 50.9, 380.0),
    Reference::new(Waiting::Exponential, 10, 50.9, 3481.6),
    Reference::new(Waiting::Equal, 10, 42.5, 720.7),
    Reference::new(Waiting::Full, 10, 39.0, 462.0),
    Reference::new(Waiting::Decorrelated, 10, 37.6, 436.8),
    Reference::new(Waiting::None, 50, 690.4, 1141.1),
    Reference::new(Waiting::Exponential, 50, 624.4, 36565.7),
    Reference::new(Waiting::Equal, 50, 347.1, 4253.7),
    Reference::new(Waiting::Full, 50, 332.6, 2884.8),
    Reference::new(Waiting::Decorrelated, 50, 375.1, 2220.5),
    Reference::new(Waiting::None, 100, 2421.4, 2028.4),
    Reference::new(Waiting::Exponential, 100, 1859.4, 63571.1),
    Reference::new(Waiting::Equal, 100, 811.9, 6630.8),
    Reference::new(Waiting::Full, 100, 796.1, 4919.5),
    Reference::new(Waiting::Decorrelated, 100, 1002.2, 4580.8),
    Reference::new(Waiting::DecorrelatedToCap, 100, 1002.2, 4580.8),
];

// The parameters of the study, in milliseconds.
const BASE: f64 = 5.0;
const CAP: f64 = 2000.0;
const NETWORK_MEAN: f64 = 10.0;
const NETWORK_DEVIATION: f64 = 2.0;

impl Waiting {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "no backoff",
            Self::Exponential => "exponential, no jitter",
            Self::Equal => "exponential, equal jitter",
            Self::Full => "exponential, full jitter",
            Self::Decorrelated => "decorrelated",
            Self::DecorrelatedToCap => "decorrelated, cut at the cap",
        }
    }

    fn retry(self, seed: u64, clock: ManualClock) -> Result<Retry, ConfigError> {
        let builder = Retry::builder()
            .max_attempts(u32::MAX)
            .max_delay(millis(CAP));
        let builder = builder.seed(seed).clock(clock);
        // The study's first retry waits for twice the base, this library's for its initial delay.
        let exponential = Backoff::exponential(millis(2.0 * BASE));
        match self {
            Self::None => builder.initial_delay(Duration::ZERO),
            Self::Exponential => builder.backoff(exponential.jitter(Jitter::None)),
            Self::Equal => builder.backoff(exponential.jitter(Jitter::Equal)),
            Self::Full => builder.backoff(exponential.jitter(Jitter::Full)),
            Self::Decorrelated => builder.backoff(Backoff::decorrelated(millis(BASE))),
            Self::DecorrelatedToCap => {
                let state = Mutex::new((Random::new(seed, 0), BASE));
                builder.delay(move |_: Attempt, _: &Conflict| {
                    let mut state = state.lock().expect("no holder of the lock panics");
                    let (random, last) = &mut *state;
                    *last = (BASE + (*last * 3.0 - BASE) * random.fraction()).min(CAP);
                    millis(*last)
                })
            }
        }
        .build()
    }
}

/// Why a write fails: another client wrote since the version was read.
#[derive(Debug)]
struct Conflict;

/// Runs the study a number of times, and returns the mean.
pub(crate) fn contend(waiting: Waiting, clients: usize, trials: u32, seed: u64) -> Outcome {
    let mut random = Random::new(seed, clients as u64);
    let (mut calls, mut time) = (0, 0.0);
    for _ in 0..trials {
        let (trial_calls, trial_time) = trial(waiting, clients, &mut random);
        calls += trial_calls;
        time += trial_time.as_secs_f64() * 1e3;
    }
    Outcome {
        calls: f64::from(calls) / f64::from(trials),
        time: time / f64::from(trials),
    }
}

/// A message that arrives.
enum Message {
    Read { client: usize },
    Version { client: usize, version: u64 },
    Write { client: usize, version: u64 },
    Written { client: usize, success: bool },
}

fn trial(waiting: Waiting, clients: usize, random: &mut Random) -> (u32, Duration) {
    let clock = ManualClock::new();
    // Each client is a program of its own, with a retry and random numbers of its own.
    let retries: Vec<Retry> = (0..clients)
        .map(|_| waiting.retry(random.next_u64(), clock.clone()))
        .collect::<Result<_, _>>()
        .expect("legal settings");
    let mut runs: Vec<Run<'_>> = retries.iter().map(Retry::start).collect();
    let mut schedule = Schedule::new(clock);
    for client in 0..clients {
        schedule.add(network(random), Message::Read { client });
    }
    let (mut row, mut calls) = (0, 0);
    while let Some(message) = schedule.next() {
        let mut delay = network(random);
        let answer = match message {
            Message::Read { client } => Message::Version {
                client,
                version: row,
            },
            Message::Version { client, version } => Message::Write { client, version },
            Message::Write { client, version } => {
                calls += 1;
                let success = version == row;
                row += u64::from(success);
                Message::Written { client, success }
            }
            Message::Written { client, success } => {
                let mut written = if success { Ok(()) } else { Err(Conflict) };
                match runs[client].after(&mut written) {
                    Next::Return => continue,
                    Next::Wait(backoff) => delay += backoff,
                }
                Message::Read { client }
            }
        };
        schedule.add(delay, answer);
    }
    (calls, schedule.now())
}

/// Returns how long a message is under way.
fn network(random: &mut Random) -> Duration {
    millis((NETWORK_MEAN + NETWORK_DEVIATION * random.normal()).abs())
}

fn millis(millis: f64) -> Duration {
    Duration::from_nanos((millis * 1e6) as u64)
}

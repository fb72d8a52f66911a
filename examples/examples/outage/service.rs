//! The service: workers, a queue before them, and what goes wrong.

use super::{
    random::Random,
    scenario::{Scenario, Trouble},
};
use std::{collections::VecDeque, time::Duration};

/// The model of a service.
///
/// It does not learn that a client has given up, as most services do not: a request that has waited
/// too long is worked on all the same, and the work is wasted.
#[derive(Debug)]
pub(crate) struct Service<'s> {
    scenario: &'s Scenario,
    free_workers: usize,
    queue: VecDeque<Request>,
    random: Random,
}

/// A request, by the call that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The place of the call among those under way.
    pub(crate) call: usize,
    /// The number of the request: a call may have made another one meanwhile.
    pub(crate) number: u64,
}

/// What becomes of a request that arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Arrival {
    Started(Work),
    Queued,
    /// The queue is full.
    Refused,
}

/// A request that a worker has begun.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Work {
    pub(crate) request: Request,
    pub(crate) duration: Duration,
    pub(crate) fails: bool,
}

impl<'s> Service<'s> {
    pub(crate) fn new(scenario: &'s Scenario, random: Random) -> Self {
        Self {
            scenario,
            free_workers: scenario.workers,
            queue: VecDeque::new(),
            random,
        }
    }

    pub(crate) fn arrive(&mut self, request: Request, now: Duration) -> Arrival {
        if self.free_workers > 0 {
            self.free_workers -= 1;
            Arrival::Started(self.begin(request, now))
        } else if self.queue.len() < self.scenario.queue {
            self.queue.push_back(request);
            Arrival::Queued
        } else {
            Arrival::Refused
        }
    }

    /// Ends the work of one worker, and returns what it does next.
    pub(crate) fn finish(&mut self, now: Duration) -> Option<Work> {
        let Some(next) = self.queue.pop_front() else {
            self.free_workers += 1;
            return None;
        };
        Some(self.begin(next, now))
    }

    fn begin(&mut self, request: Request, now: Duration) -> Work {
        let scenario = self.scenario;
        let is_troubled = (scenario.from..scenario.until).contains(&now);
        let mut duration = scenario.service_time.mul_f64(self.random.exponential());
        let mut fails = false;
        match scenario.trouble {
            Trouble::Failures(share) if is_troubled => fails = self.random.fraction() < share,
            Trouble::Slowness(factor) if is_troubled => duration = duration.mul_f64(factor),
            _ => {}
        }
        Work {
            request,
            duration,
            fails,
        }
    }
}

//! The event loop: calls of several programs, each through its guards, against one service.

use super::{
    measure::Measures,
    random::Random,
    scenario::{ATTEMPT_TIMEOUT, Scenario},
    schedule::Schedule,
    service::{Arrival, Request, Service, Work},
    strategy::{Guards, Strategy},
};
use gardefou::{
    Coded, Rejection,
    breaker::Permit,
    bulkhead::BulkheadPermit,
    retry::{Next, Run},
    time::ManualClock,
};
use std::time::Duration;

/// Simulates a scenario with a strategy.
pub(crate) fn simulate(scenario: &Scenario, strategy: &Strategy, seed: u64) -> Measures {
    let clock = ManualClock::new();
    let mut random = Random::new(seed, STREAM_OF_GUARDS);
    let guards: Vec<Guards> = (0..scenario.programs)
        .map(|_| Guards::new(strategy, &clock, &mut random))
        .collect::<Result<_, _>>()
        .expect("legal settings");
    let mut simulation = Simulation {
        scenario,
        guards: &guards,
        schedule: Schedule::new(clock),
        service: Service::new(scenario, Random::new(seed, STREAM_OF_SERVICE)),
        arrivals: Random::new(seed, STREAM_OF_ARRIVALS),
        calls: Vec::new(),
        free: Vec::new(),
        requests: 0,
        measures: Measures::new(scenario),
    };
    simulation.run();
    simulation.measures.finish();
    simulation.measures
}

// Every strategy meets the same calls, whatever else is random.
const STREAM_OF_ARRIVALS: u64 = 1;
const STREAM_OF_SERVICE: u64 = 2;
const STREAM_OF_GUARDS: u64 = 3;

/// After how long a client has the answer of a service that refuses its request.
const REFUSAL: Duration = Duration::from_millis(2);

/// Why an attempt failed; the codes are what retry and breaker decide by.
#[derive(Debug, thiserror::Error, Coded)]
enum CallError {
    #[error("the service failed")]
    #[code(EXTERNAL_SERVICE_ERROR)]
    Failed,
    #[error("the service is busy")]
    #[code(RESOURCE_BUSY_ERROR)]
    Busy,
    #[error("no answer within {ATTEMPT_TIMEOUT:?}")]
    #[code(TIMEOUT_ERROR)]
    TimedOut,
    #[error(transparent)]
    Rejected(#[from] Rejection),
}

enum Event {
    /// A call begins.
    Call,
    /// The delay of a retry is over.
    Retry {
        call: usize,
    },
    /// A worker has done its work.
    Done(Work),
    Refused(Request),
    TimedOut(Request),
}

/// A call under way.
struct Call<'g> {
    began: Duration,
    guards: &'g Guards,
    run: Run<'g>,
    attempt: Option<Attempt>,
}

/// The attempt of a call that waits for an answer.
struct Attempt {
    /// The number of its request.
    request: u64,
    permit: Option<Permit>,
    slot: Option<BulkheadPermit>,
}

struct Simulation<'g> {
    scenario: &'g Scenario,
    guards: &'g [Guards],
    schedule: Schedule<Event>,
    service: Service<'g>,
    arrivals: Random,
    calls: Vec<Option<Call<'g>>>,
    /// The free places among `calls`.
    free: Vec<usize>,
    requests: u64,
    measures: Measures,
}

impl Simulation<'_> {
    /// Runs until every call has ended.
    fn run(&mut self) {
        self.schedule_call();
        while let Some(event) = self.schedule.next() {
            match event {
                Event::Call => {
                    self.begin_call();
                    self.schedule_call();
                }
                Event::Retry { call } => self.attempt(call),
                Event::Done(work) => self.finish_work(work),
                Event::Refused(request) => self.answer(request, Err(CallError::Busy)),
                Event::TimedOut(request) => self.answer(request, Err(CallError::TimedOut)),
            }
        }
    }

    fn schedule_call(&mut self) {
        let mean = Duration::from_secs(1) / self.scenario.calls_per_second;
        let delay = mean.mul_f64(self.arrivals.exponential());
        if self.schedule.now() + delay < self.scenario.duration {
            self.schedule.add(delay, Event::Call);
        }
    }

    fn begin_call(&mut self) {
        let began = self.schedule.now();
        let number = self.measures.calls as usize;
        self.measures.count_call(began);
        let guards = &self.guards[number % self.guards.len()];
        let sequence = number / self.guards.len() % guards.retries.len();
        let call = Call {
            began,
            guards,
            run: guards.retries[sequence].start(),
            attempt: None,
        };
        let place = self.free.pop().unwrap_or_else(|| {
            self.calls.push(None);
            self.calls.len() - 1
        });
        self.calls[place] = Some(call);
        self.attempt(place);
    }

    /// Makes one attempt of a call: from the retry inwards, as `#[resilient]` nests its guards.
    fn attempt(&mut self, place: usize) {
        let call = self.calls[place].as_mut().expect("the call has not ended");
        let permit = match &call.guards.breaker {
            None => None,
            Some(breaker) => match breaker.try_acquire() {
                Ok(permit) => Some(permit),
                Err(rejection) => return self.settle(place, Err(rejection.into())),
            },
        };
        let slot = match &call.guards.bulkhead {
            None => None,
            Some(bulkhead) => match bulkhead.try_acquire() {
                Ok(slot) => Some(slot),
                Err(rejection) => {
                    // The callee was not asked: that shows nothing about it.
                    if let Some(permit) = permit {
                        permit.ignore();
                    }
                    return self.settle(place, Err(rejection.into()));
                }
            },
        };
        self.requests += 1;
        let (now, number) = (self.schedule.now(), self.requests);
        call.attempt = Some(Attempt {
            request: number,
            permit,
            slot,
        });
        self.measures.count_request(now);
        let request = Request {
            call: place,
            number,
        };
        match self.service.arrive(request, now) {
            Arrival::Started(work) => self.schedule.add(work.duration, Event::Done(work)),
            Arrival::Queued => {}
            Arrival::Refused => return self.schedule.add(REFUSAL, Event::Refused(request)),
        }
        self.schedule.add(ATTEMPT_TIMEOUT, Event::TimedOut(request));
    }

    fn finish_work(&mut self, work: Work) {
        let result = if work.fails {
            Err(CallError::Failed)
        } else {
            Ok(())
        };
        self.answer(work.request, result);
        if let Some(next) = self.service.finish(self.schedule.now()) {
            self.schedule.add(next.duration, Event::Done(next));
        }
    }

    /// Ends the attempt that waits for this request, if one still does.
    fn answer(&mut self, request: Request, result: Result<(), CallError>) {
        let Some(call) = &mut self.calls[request.call] else {
            return;
        };
        let is_awaited = |attempt: &mut Attempt| attempt.request == request.number;
        let Some(attempt) = call.attempt.take_if(is_awaited) else {
            return;
        };
        if let Some(permit) = attempt.permit {
            match &result {
                Ok(()) => permit.success(),
                Err(error) => permit.failure_because(error),
            }
        }
        if let Some(slot) = attempt.slot {
            match &result {
                Ok(()) => slot.success(),
                Err(_) => slot.failure(),
            }
        }
        self.settle(request.call, result);
    }

    /// Asks the retry what follows an attempt.
    fn settle(&mut self, place: usize, mut result: Result<(), CallError>) {
        let call = self.calls[place].as_mut().expect("the call has not ended");
        match call.run.after(&mut result) {
            Next::Wait(delay) => self.schedule.add(delay, Event::Retry { call: place }),
            Next::Return => {
                let began = call.began;
                self.measures
                    .count_end(began, self.schedule.now(), result.is_ok());
                self.calls[place] = None;
                self.free.push(place);
            }
        }
    }
}

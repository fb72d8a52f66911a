//! Slow, obvious model of a bulkhead, compared with the real one on long random histories.
//!
//! It keeps every call in a list, recomputes everything from it, and has no words, flags or links.
//! The long form is `GARDEFOU_MODEL_STEPS=1000000 cargo test --release -p gardefou --lib model`.

use super::waiting;
use crate::{
    bulkhead::{
        aimd::Signal,
        builder::BulkheadBuilder,
        handle::Bulkhead,
        held::{self, Answer, Held},
        inner::{Inner, Reason},
        ticket::Ticket,
    },
    rng::Rng,
};
use std::{
    sync::{Mutex, mpsc},
    task::{Poll, Waker},
    thread,
};

/// One call that was not rejected, in the order of arrival.
#[derive(Clone, Debug, PartialEq)]
struct ModelCall {
    id: u64,
    stage: Stage,
    /// How often the limit had been lowered when the caller got its slot.
    round: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Waits,
    /// It has a slot, and its caller did not look since.
    Granted,
    Runs,
}

#[derive(Debug)]
struct Model {
    max_queue: usize,
    bounds: Option<(u32, u32)>,
    limit: u32,
    calls: Vec<ModelCall>,
    rounds: u32,
    /// Of successes while at least half of the slots were in use, since the limit last changed.
    successes: u32,
    admitted: u64,
    cancelled: u64,
    rejected: [u64; 3],
}

impl Model {
    fn count(&self, stage: Stage) -> usize {
        self.calls.iter().filter(|call| call.stage == stage).count()
    }

    fn in_flight(&self) -> usize {
        self.count(Stage::Runs) + self.count(Stage::Granted)
    }

    /// Grants every free slot to whoever has waited longest.
    fn grant(&mut self) {
        while self.in_flight() < self.limit as usize
            && let Some(call) = self
                .calls
                .iter_mut()
                .find(|call| call.stage == Stage::Waits)
        {
            call.stage = Stage::Granted;
        }
    }

    fn arrive(&mut self, id: u64, may_wait: bool) -> Result<Stage, Reason> {
        let is_full = self.in_flight() >= self.limit as usize || self.count(Stage::Waits) > 0;
        let stage = if !is_full {
            self.admitted += 1;
            Stage::Runs
        } else if !may_wait || self.limit == 0 || self.max_queue == 0 {
            self.rejected[Reason::Full as usize] += 1;
            return Err(Reason::Full);
        } else if self.count(Stage::Waits) >= self.max_queue {
            self.rejected[Reason::QueueFull as usize] += 1;
            return Err(Reason::QueueFull);
        } else {
            Stage::Waits
        };
        let round = self.rounds;
        self.calls.push(ModelCall { id, stage, round });
        Ok(stage)
    }

    fn take(&mut self, id: u64) -> ModelCall {
        let at = self.calls.iter().position(|call| call.id == id).unwrap();
        self.calls.remove(at)
    }

    fn poll(&mut self, id: u64) -> bool {
        let round = self.rounds;
        let call = self.calls.iter_mut().find(|call| call.id == id).unwrap();
        if call.stage == Stage::Granted {
            (call.stage, call.round) = (Stage::Runs, round);
            self.admitted += 1;
        }
        call.stage == Stage::Runs
    }

    fn cancel(&mut self, id: u64) {
        self.take(id);
        self.cancelled += 1;
        self.grant();
    }

    /// Returns whether the slot had been granted.
    fn time_out(&mut self, id: u64) -> bool {
        let is_granted = self.poll(id);
        if !is_granted {
            self.take(id);
            self.rejected[Reason::TimedOut as usize] += 1;
        }
        is_granted
    }

    fn end(&mut self, id: u64, signal: Signal) {
        if let Some((min, max)) = self.bounds {
            let round = self.calls.iter().find(|call| call.id == id).unwrap().round;
            match signal {
                Signal::Success => {
                    if self.limit < max && self.in_flight() * 2 >= self.limit as usize {
                        self.successes += 1;
                        if self.successes >= self.limit {
                            self.set_limit(self.limit + 1);
                            self.successes = 0;
                        }
                    }
                }
                Signal::Overload => {
                    if round == self.rounds {
                        self.rounds += 1;
                        self.successes = 0;
                        let kept = (f64::from(self.limit) * 0.9 + 1e-9).floor() as u32;
                        self.limit = kept.min(self.limit - 1).max(min);
                    }
                }
                Signal::Neutral => {}
            }
        }
        self.take(id);
        self.grant();
    }

    fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
        self.grant();
    }
}

/// What the caller of a call has in hand.
enum Caller<'a> {
    Running(Held<'a>),
    Waiting(Ticket<'a>),
}

/// The real one and the model, side by side.
struct Pair<'a> {
    real: &'a Bulkhead,
    inner: &'a Inner,
    model: Model,
    callers: Vec<(u64, Caller<'a>)>,
    next: u64,
}

impl<'a> Pair<'a> {
    fn new(real: &'a Bulkhead) -> Self {
        let config = real.config();
        let model = Model {
            max_queue: config.max_queue as usize,
            bounds: config.adaptive.then_some((config.min, config.max)),
            limit: config.max_concurrent,
            calls: Vec::new(),
            rounds: 0,
            successes: 0,
            admitted: 0,
            cancelled: 0,
            rejected: [0; 3],
        };
        Self {
            real,
            inner: real.inner(),
            model,
            callers: Vec::new(),
            next: 0,
        }
    }

    fn arrive(&mut self, may_wait: bool) {
        let id = self.next;
        self.next += 1;
        let expected = self.model.arrive(id, may_wait);
        let answer = if may_wait {
            held::enter(self.inner, || Waker::noop().clone())
        } else {
            Held::try_take(self.inner).map_or(Answer::Rejected(Reason::Full), Answer::Admitted)
        };
        match answer {
            Answer::Admitted(held) => {
                assert_eq!(expected, Ok(Stage::Runs));
                self.callers.push((id, Caller::Running(held)));
            }
            Answer::Queued(ticket, _) => {
                assert_eq!(expected, Ok(Stage::Waits));
                self.callers.push((id, Caller::Waiting(ticket)));
            }
            Answer::Rejected(reason) => {
                assert_eq!(expected, Err(reason));
                drop(self.real.0.reject(reason));
            }
        }
    }

    fn step(&mut self, step: u64, rng: &mut Rng) {
        // Long stretches in which calls mostly come, in which they mostly end, and with few calls.
        let busy = [6, 3, 2][(step / 100 % 3) as usize];
        match rng.next_u64() % 10 {
            9 if rng.next_u64().is_multiple_of(4) => {
                let limit = (rng.next_u64() % 10) as u32;
                if self.real.set_max_concurrent(limit).is_ok() {
                    self.model.set_limit(limit);
                }
            }
            choice if choice < busy => self.arrive(!rng.next_u64().is_multiple_of(4)),
            _ => {
                let signal = match rng.next_u64() % 20 {
                    0 => Signal::Overload,
                    1 | 2 => Signal::Neutral,
                    _ => Signal::Success,
                };
                self.act(rng, signal);
            }
        }
    }

    /// Lets the caller of a random call act.
    fn act(&mut self, rng: &mut Rng, signal: Signal) {
        if self.callers.is_empty() {
            return;
        }
        let at = rng.next_u64() as usize % self.callers.len();
        let (id, caller) = self.callers.swap_remove(at);
        match caller {
            Caller::Running(held) => {
                self.model.end(id, signal);
                held.end_with(signal);
            }
            Caller::Waiting(mut ticket) => match rng.next_u64() % 4 {
                0 => {
                    self.model.cancel(id);
                    drop(ticket);
                }
                1 => {
                    let held = ticket.finish();
                    assert_eq!(held.is_some(), self.model.time_out(id));
                    match held {
                        Some(held) => self.callers.push((id, Caller::Running(held))),
                        None => drop(self.real.0.reject(Reason::TimedOut)),
                    }
                }
                _ => {
                    let caller = match ticket.poll(Waker::noop()) {
                        Poll::Ready(held) => Caller::Running(held.unwrap()),
                        Poll::Pending => Caller::Waiting(ticket),
                    };
                    assert_eq!(matches!(caller, Caller::Running(_)), self.model.poll(id));
                    self.callers.push((id, caller));
                }
            },
        }
    }

    fn assert_equal(&self) {
        let seen = self.real.snapshot();
        let model = &self.model;
        assert_eq!(
            (seen.limit, seen.in_flight as usize, seen.queued as usize),
            (model.limit, model.in_flight(), model.count(Stage::Waits))
        );
        assert_eq!(
            (seen.admitted, seen.cancelled),
            (model.admitted, model.cancelled)
        );
        let rejected = seen.rejected;
        assert_eq!(
            [rejected.full, rejected.queue_full, rejected.timed_out],
            model.rejected
        );
    }
}

fn steps() -> u64 {
    std::env::var("GARDEFOU_MODEL_STEPS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_000)
}

/// Lets one of several threads, each of which has slots of its own to keep, take each turn.
fn by_turns<S: Send>(state: S, turns: u64, turn: impl Fn(&mut S, &mut Rng) + Sync, seed: u64) -> S {
    let state = Mutex::new(state);
    let mut rng = Rng::seeded(seed);
    thread::scope(|scope| {
        let threads = [0, 1, 2].map(|_| {
            let (start, started) = mpsc::channel::<u64>();
            let (end, ended) = mpsc::channel();
            let (state, turn) = (&state, &turn);
            scope.spawn(move || {
                for seed in started {
                    turn(&mut state.lock().unwrap(), &mut Rng::seeded(seed));
                    end.send(()).unwrap();
                }
            });
            (start, ended)
        });
        for _ in 0..turns {
            let (start, ended) = &threads[rng.next_u64() as usize % threads.len()];
            start.send(rng.next_u64()).unwrap();
            ended.recv().unwrap();
        }
    });
    state.into_inner().unwrap()
}

fn assert_agreement(configure: impl Fn(BulkheadBuilder) -> BulkheadBuilder) {
    let lives = 4;
    let mut admitted_by_kept = 0;
    for seed in 0..lives {
        let real = waiting(&configure);
        let turn = |state: &mut (Pair<'_>, Vec<u32>, u64), rng: &mut Rng| {
            let (pair, limits, step) = state;
            // Readers collect kept slots: only some turns end with one.
            if rng.next_u64().is_multiple_of(4) {
                real.inner().start_keeping();
            }
            for _ in 0..4 {
                *step += 1;
                pair.step(*step, rng);
                limits.push(pair.model.limit);
            }
            if rng.next_u64().is_multiple_of(4) {
                pair.assert_equal();
            }
        };
        let history = (Pair::new(&real), Vec::new(), 0);
        let (mut pair, mut limits, _) = by_turns(history, steps() / lives / 4, turn, seed + 1);
        pair.assert_equal();
        limits.sort_unstable();
        limits.dedup();
        assert!(
            limits.len() > 3 && pair.model.admitted > 100 && pair.model.rejected[0] > 10,
            "a history in which nothing happens proves nothing: {pair:?}",
            pair = pair.model
        );
        pair.callers.clear();
        assert!(real.is_idle());
        admitted_by_kept += real.inner().admitted_by_kept();
    }
    assert!(admitted_by_kept > 10, "{admitted_by_kept}");
}

#[test]
fn fixed_limit_agrees_with_the_model() {
    assert_agreement(|b| b.max_concurrent(3));
    assert_agreement(|b| b.max_concurrent(1).max_queue(1));
    assert_agreement(|b| b.max_concurrent(5).max_queue(20));
    assert_agreement(|b| b.max_concurrent(4).max_queue(0));
}

#[test]
fn adaptive_limit_agrees_with_the_model() {
    assert_agreement(|b| b.adaptive(true).max_concurrent(3));
    assert_agreement(|b| b.adaptive(true).min(2).max(6).max_queue(3));
    assert_agreement(|b| b.adaptive(true).max_concurrent(30).max_queue(40));
}

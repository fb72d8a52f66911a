//! Random history of the real breaker and the model side by side.

use super::reference::{Model, ModelEvent, Running};
use crate::{
    breaker::{
        admission::Admission,
        builder::BreakerBuilder,
        config::WindowKind,
        handle::{BreakerSubscription, CircuitBreaker},
        shell::Shell,
        snapshot::BreakerSnapshot,
    },
    call::DropReason,
    classify::Verdict,
    event::{BreakerEvent, BreakerEventKind, CircuitState, Event},
    rng::Rng,
    time::{Clock, Lag, ManualClock, SharedClock, Tick, saturating_nanos},
};
use CircuitState::{Closed, Disabled, ForcedOpen, HalfOpen};
use std::{
    collections::BTreeMap,
    panic::Location,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

/// The real breaker, the model, and the means to compare them.
pub(super) struct Pair {
    pub(super) clock: ManualClock,
    pub(super) real: CircuitBreaker,
    pub(super) model: Model,
    pub(super) admissions: BTreeMap<u64, Admission>,
    pub(super) events: Arc<Mutex<Vec<ModelEvent>>>,
    /// A snapshot of an earlier moment.
    pub(super) stored: Option<BreakerSnapshot>,
    pub(super) _subscription: BreakerSubscription,
    pub(super) next_id: u64,
    /// How many slots there ever were.
    pub(super) most_slots: usize,
    pub(super) step: usize,
}

impl Pair {
    /// Makes a pair on a clock of one reading, or of two.
    pub(super) fn new(builder: &BreakerBuilder, seed: u64, step: Option<Duration>) -> Self {
        let behind = Duration::ZERO;
        Lag::set(step.map(|step| Lag { step, behind }));
        let config = builder.resolve().unwrap();
        let clock = ManualClock::new();
        let real = CircuitBreaker::from_shell(Shell::new(
            "model".into(),
            config.clone(),
            builder.explicit(),
            SharedClock::new(clock.clone()),
            Rng::seeded(seed),
            Location::caller(),
        ));
        let events = Arc::new(Mutex::new(Vec::new()));
        let (sink, openings) = (Arc::clone(&events), Mutex::new(Vec::new()));
        let _subscription = real.observe(move |event: &Event<'_>| {
            let Event::Breaker(BreakerEvent {
                generation,
                id,
                kind,
                ..
            }) = *event
            else {
                return;
            };
            let mut openings = openings.lock().unwrap();
            let opening = id.map(|id| {
                if !openings.contains(&id) {
                    openings.push(id);
                }
                openings.iter().position(|known| *known == id).unwrap() as u32 + 1
            });
            sink.lock().unwrap().push(match kind {
                BreakerEventKind::Transition {
                    from,
                    to,
                    reason,
                    rejected,
                    ..
                } => ModelEvent::Change {
                    from,
                    to,
                    reason,
                    generation,
                    opening,
                    rejected,
                },
                BreakerEventKind::Rejected { .. } => ModelEvent::Rejected {
                    generation,
                    opening: opening.unwrap(),
                },
                BreakerEventKind::Slow { pending, .. } => ModelEvent::Slow {
                    pending,
                    generation,
                },
                BreakerEventKind::Abandoned { .. } => ModelEvent::Abandoned(generation),
                other => panic!("not expected: {other:?}"),
            });
        });
        let model = Model {
            step,
            ..Model::new(config, seed)
        };
        let (admissions, next_id, most_slots, step) = (BTreeMap::new(), 0, 0, 0);
        Self {
            clock,
            real,
            model,
            admissions,
            events,
            stored: None,
            _subscription,
            next_id,
            most_slots,
            step,
        }
    }

    pub(super) fn admit(&mut self) {
        let id = self.next_id;
        self.next_id += 1;
        let expected = self.model.admit(id);
        match (self.real.shell().admit(), expected) {
            (Ok(admission), Ok(())) => {
                self.admissions.insert(id, admission);
            }
            (Err(denial), Err(wait)) => {
                assert_eq!(
                    denial.retry_after.get().map(saturating_nanos),
                    wait,
                    "at {}",
                    self.step
                );
            }
            (real, model) => panic!(
                "step {}: {real:?} of the real one, {model:?} of the model",
                self.step
            ),
        }
        if self.model.state == HalfOpen {
            let (probes, slots) = (
                self.model.probes(),
                self.model.config.half_open_max_calls as usize,
            );
            self.most_slots = self.most_slots.max(slots);
            assert!(
                probes <= self.most_slots,
                "{probes} probes at once in {slots} slots"
            );
        }
    }

    pub(super) fn compare(&mut self) {
        let (state, rest, since) = self.model.view();
        let seen = self.real.snapshot();
        let step = self.step;
        assert_eq!(
            (seen.state, seen.remaining.map(saturating_nanos)),
            (state, rest),
            "step {step}"
        );
        assert_eq!(tick_of(seen.since), since, "step {step}");
        self.model.compare_last_failure(failure_of(&seen), step);
        self.model.adopt_cause(seen.opened_by.as_ref());
        assert_eq!(seen.opened_by, self.model.seen_opened_by(), "step {step}");
        assert_eq!(seen.counts, self.model.counts, "step {step}");
        assert_eq!(seen.generation, self.model.generation, "step {step}");
        assert_eq!(
            seen.consecutive_failures, self.model.consecutive,
            "step {step}"
        );
        assert_eq!(seen.failed_recoveries, self.model.reopened, "step {step}");
        let (calls, failures, slow) = self.model.tally_at(self.model.now);
        let known =
            self.model.config.window.is_some() && calls >= u64::from(self.model.config.min_calls);
        let rate = |part: u64| known.then(|| part as f64 / calls as f64);
        assert_eq!(seen.window_calls, calls, "step {step}");
        assert_eq!(seen.failure_rate, rate(failures), "step {step}");
        assert_eq!(
            seen.slow_rate,
            rate(slow).filter(|_| self.model.config.slow_call.is_some()),
            "step {step}"
        );
        assert_eq!(
            std::mem::take(&mut *self.events.lock().unwrap()),
            std::mem::take(&mut self.model.events),
            "step {step}"
        );
    }

    /// Calls that one check finds slow are counted in an unspecified order: the model adopts the
    /// real one, by which a failure of one of them is later found again.
    pub(super) fn agree_on_order(&mut self) {
        let shell = self.real.shell();
        let is_counted =
            |call: &&Running| call.counted.is_some() && call.generation == self.model.generation;
        let mut entries: Vec<_> = self
            .model
            .running
            .values()
            .filter(is_counted)
            .map(|call| call.counted)
            .collect();
        let ids = self
            .model
            .running
            .iter()
            .filter(|(_, call)| is_counted(call))
            .map(|(id, _)| *id);
        let mut ids: Vec<u64> = ids.collect();
        entries.sort();
        ids.sort_by_key(|id| shell.counted_entry(self.admissions[id]));
        for (id, entry) in ids.into_iter().zip(entries) {
            self.model.running.get_mut(&id).unwrap().counted = entry;
        }
    }

    pub(super) fn random_call(&self, rng: &mut Rng) -> Option<u64> {
        let len = self.admissions.len();
        (len > 0).then(|| {
            *self
                .admissions
                .keys()
                .nth(below(rng, len as u64) as usize)
                .unwrap()
        })
    }

    pub(super) fn walk(&mut self, steps: usize, rng: &mut Rng) {
        let long = saturating_nanos(self.model.config.recovery_timeout);
        // Each failure rate lasts a while; the first one is zero, as in production.
        let (mut failure_rate, mut rate_ends) = (0, 200 + below(rng, 3000));
        // What is counted without the lock is taken by who looks: often at once, or much later.
        let mut looks = 100;
        for step in 0..steps {
            self.step = step;
            if step as u64 > rate_ends {
                failure_rate = [0, 1, 5, 30, 50, 90, 100][below(rng, 7) as usize];
                rate_ends = step as u64 + 20 + below(rng, 2000);
                looks = [100, 20, 1, 0][below(rng, 4) as usize];
            }
            match below(rng, 1000) {
                0..400 if self.admissions.len() < 40 => self.admit(),
                0..700 => {
                    let Some(id) = self.random_call(rng) else {
                        continue;
                    };
                    let failure = below(rng, 100) < failure_rate;
                    let admission = self.admissions.remove(&id).unwrap();
                    let text = format!("failure {step}");
                    self.model.end(id, failure.then(|| (text.clone(), false)));
                    if failure {
                        self.real
                            .shell()
                            .settle(admission, Verdict::Failure, |out| out.write_str(&text));
                    } else {
                        self.real.shell().succeed(admission);
                    }
                }
                700..760 => {
                    let Some(id) = self.random_call(rng) else {
                        continue;
                    };
                    let admission = self.admissions.remove(&id).unwrap();
                    let (ignored, answered) =
                        [(true, true), (true, false), (false, false)][below(rng, 3) as usize];
                    self.model.release(id, ignored, answered);
                    match (ignored, answered) {
                        (_, true) => self.real.shell().answer(admission),
                        (true, _) => self.real.shell().ignore(admission),
                        _ => self.real.shell().release(admission),
                    }
                }
                760..780 => {
                    let Some(id) = self.random_call(rng) else {
                        continue;
                    };
                    let admission = self.admissions.remove(&id).unwrap();
                    let by = [
                        DropReason::Caller,
                        DropReason::Caller,
                        DropReason::TimedOut,
                        DropReason::CutShort,
                    ];
                    self.drop_pending(id, admission, by[below(rng, 4) as usize]);
                }
                780..970 => {
                    let wait = match below(rng, 20) {
                        0 => long,
                        1 => 2 * long,
                        2 => below(rng, 4 * long),
                        3 => 100 * long,
                        _ => below(rng, long / 20),
                    };
                    self.clock.advance(Duration::from_nanos(wait));
                    self.model.now += wait;
                    self.lag(wait, rng);
                }
                970 => self.by_hand(ForcedOpen),
                971 => self.by_hand(Disabled),
                972..975 => {
                    assert_eq!(self.real.half_open().is_ok(), self.model.half_open());
                }
                975 => {
                    let wait = Duration::from_nanos(below(rng, 3 * long));
                    self.model.open_for(wait);
                    self.real.open_for(wait);
                }
                976..980 => self.by_hand(Closed),
                980 | 981 => self.reconfigure(rng),
                982 => self.stored = Some(self.real.snapshot()),
                983 => self.restore(),
                // Often reset, so that histories without manual states are long.
                _ if matches!(self.model.state, ForcedOpen | Disabled) => self.by_hand(Closed),
                _ => {}
            }
            if below(rng, 100) < looks {
                self.compare();
            }
            self.agree_on_order();
        }
        self.compare();
    }

    /// Lets the coarse reading lag otherwise, after a time in which it did not go back.
    fn lag(&mut self, passed: u64, rng: &mut Rng) {
        let Some(step) = self.model.step else { return };
        let most = saturating_nanos(step * 2).min(self.model.behind + passed);
        self.model.behind = [0, most, below(rng, most + 1)][below(rng, 3) as usize];
        let behind = Duration::from_nanos(self.model.behind);
        Lag::set(Some(Lag { step, behind }));
    }

    pub(super) fn drop_pending(&mut self, id: u64, admission: Admission, by: DropReason) {
        let Running {
            start, successes, ..
        } = self.model.running[&id];
        let elapsed = Duration::from_nanos(self.model.now - start);
        let quiet = successes == self.model.succeeded;
        match by {
            DropReason::Caller if elapsed >= self.model.config.abandoned_after && quiet => {
                let text = format!("dropped after it had been pending for {elapsed:.1?}");
                self.model.end_at(self.model.now, id, Some((text, true)));
            }
            DropReason::TimedOut => {
                let text = format!("timed out after it had been pending for {elapsed:.1?}");
                self.model.end_at(self.model.now, id, Some((text, false)));
            }
            _ => self.model.release(id, false, false),
        }
        self.real
            .shell()
            .drop_pending(admission, Tick::from_nanos(start), successes as u32, by);
    }

    fn reconfigure(&mut self, rng: &mut Rng) {
        let (few, span) = (
            1 + below(rng, 6) as u32,
            SECOND * (1 + below(rng, 40) as u32),
        );
        // A call that was counted in a window of one kind is not found in one of another kind.
        let is_counted = self
            .model
            .running
            .values()
            .any(|call| call.counted.is_some());
        let kind = self.model.config.window;
        let change = |b: BreakerBuilder| match below(rng, 12) {
            0 => b.failure_threshold(few),
            1 => b.half_open_max_calls(few.max(3)),
            2 => b.success_threshold(few.min(3)).half_open_max_calls(3),
            3 => b.recovery_timeout(span),
            4 => b.half_open_timeout(span).recovery_backoff(f64::from(few)),
            5 if matches!(kind, Some(WindowKind::Calls(_))) || !is_counted => {
                b.count_window(12 * few).min_calls(few)
            }
            6 if matches!(kind, Some(WindowKind::Time(_))) || !is_counted => {
                b.time_window(span).min_calls(few)
            }
            7 if !is_counted => b.no_window(),
            8 => b.slow_call(span / 10),
            9 if !is_counted => b.no_slow_call(),
            10 => b.abandoned_after(span / 10),
            _ => b.shadow(few == 1),
        };
        self.real.reconfigure(change).unwrap();
        self.model.reconfigure(self.real.config());
    }

    fn restore(&mut self) {
        let Some(mut snapshot) = self.stored.take() else {
            return;
        };
        // Small counts, because they add up.
        snapshot.counts = Default::default();
        (snapshot.counts.success, snapshot.counts.failure) = (2, 1);
        let age = self.model.now - tick_of(snapshot.taken_at);
        self.model.restore(&snapshot, age, failure_of(&snapshot));
        self.real.restore(&snapshot);
    }

    pub(super) fn by_hand(&mut self, to: CircuitState) {
        self.model.by_hand(to);
        match to {
            ForcedOpen => self.real.force_open(),
            Disabled => self.real.disable(),
            _ => self.real.reset(),
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// The tick of the manual clock at a time of its wall clock.
fn tick_of(time: SystemTime) -> u64 {
    let origin = ManualClock::new().wall();
    saturating_nanos(time.duration_since(origin).unwrap())
}

fn failure_of(snapshot: &BreakerSnapshot) -> Option<(u64, String)> {
    let last = snapshot.last_failure.as_ref()?;
    Some((tick_of(last.at), last.cause.clone().unwrap_or_default()))
}

fn below(rng: &mut Rng, limit: u64) -> u64 {
    rng.next_u64() % limit.max(1)
}

//! The run of a scenario.

use super::scenario::Scenario;
use gardefou::{
    breaker::{CircuitBreaker, CircuitState},
    fleet::{Batch, Driver, Fleet, MemoryStore, Reply, Store, StoreError, Update},
    time::ManualClock,
};
use std::time::Duration;

/// The step of the simulation, and the time that a message takes.
const STEP: Duration = Duration::from_millis(10);

/// What a run has measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measures {
    /// From the begin of the outage until 99 of 100 instances reject.
    pub(crate) converged: Option<Duration>,
    /// Calls that reached the dependency while it was down.
    pub(crate) failed: u64,
    /// Those of the last 40 seconds of the outage, per second: probes.
    pub(crate) probes: f64,
    /// From the end of the outage until 99 of 100 instances admit.
    pub(crate) recovered: Option<Duration>,
    /// How often the circuit of an instance opened that could reach the dependency while it was up.
    pub(crate) false_openings: u64,
    /// Operations on the store, per second and instance.
    pub(crate) operations: f64,
    /// The most operations of one instance in one second.
    pub(crate) peak: u64,
    /// The share of instances that reject, each second.
    pub(crate) open: Vec<f64>,
    /// Calls at the dependency, each second.
    pub(crate) load: Vec<f64>,
}

struct Instance {
    breaker: CircuitBreaker,
    driver: Option<Driver>,
    next_call: Duration,
    /// Replies that are on their way.
    replies: Option<(Batch, Vec<Result<Reply, StoreError>>)>,
    state: CircuitState,
    in_second: u64,
}

/// SplitMix64, seeded.
struct Rng(u64);

impl Rng {
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The time until the next of events that come at random.
    fn pause(&mut self, per_second: f64) -> Duration {
        Duration::from_secs_f64(-(1.0 - self.fraction()).ln() / per_second)
    }
}

/// The breaker of every instance: five failures in a row, ten seconds open.
fn breaker(clock: &ManualClock, seed: u64) -> CircuitBreaker {
    CircuitBreaker::builder("dependency")
        .failure_threshold(5)
        .recovery_timeout(Duration::from_secs(10))
        .clock(clock.clone())
        .seed(seed)
        .build()
        .expect("the settings are valid")
}

fn driver(clock: &ManualClock, index: usize, seed: u64, publishes: bool) -> Driver {
    let builder = Fleet::builder("simulated")
        .instance(format!("i{index}"))
        .clock(clock.clone())
        .seed(seed)
        .probe_wait(Duration::ZERO);
    let mut driver = builder.driver().expect("the settings are valid");
    driver.set_listening(publishes);
    driver
}

/// Runs a scenario.
pub(crate) fn simulate(scenario: &Scenario, seed: u64) -> Measures {
    let clock = ManualClock::new();
    let store = MemoryStore::with_clock(clock.clone());
    let mut rng = Rng(seed);
    let mut instances: Vec<Instance> = (0..scenario.instances)
        .map(|index| {
            let seed = seed ^ (index as u64) << 20;
            let breaker = breaker(&clock, seed);
            let driver = scenario.is_shared.then(|| {
                let mut driver = driver(&clock, index, seed, scenario.publishes);
                driver.join(&breaker);
                driver
            });
            Instance {
                breaker,
                driver,
                next_call: rng.pause(scenario.calls),
                replies: None,
                state: CircuitState::Closed,
                in_second: 0,
            }
        })
        .collect();
    let mut measures = Measures::default();
    let (mut updates, mut operations, mut load) = (Vec::new(), 0, 0_u64);
    let steps = (scenario.length.as_nanos() / STEP.as_nanos()) as u32;
    for step in 1..=steps {
        clock.advance(STEP);
        let now = STEP * step;
        let is_down = scenario.outage.contains(&now);
        let is_late = is_down && now + Duration::from_secs(40) >= scenario.outage.end;
        let arriving: Vec<Update> = std::mem::take(&mut updates);
        for (index, instance) in instances.iter_mut().enumerate() {
            let is_broken = index < scenario.broken;
            let is_cut =
                index >= scenario.instances - scenario.cut && scenario.cut_off.contains(&now);
            let mut has_news = false;
            while instance.next_call <= now {
                instance.next_call += rng.pause(scenario.calls);
                has_news = true;
                let Ok(permit) = instance.breaker.try_acquire() else {
                    continue;
                };
                if !is_broken {
                    load += 1;
                }
                if is_down || is_broken {
                    measures.failed += u64::from(is_down);
                    measures.probes += f64::from(u8::from(is_late)) / 40.0;
                    permit.failure();
                } else {
                    permit.success();
                }
            }
            let Some(driver) = &mut instance.driver else {
                continue;
            };
            if let Some((batch, replies)) = instance.replies.take() {
                driver.complete(batch, replies);
            }
            if !is_cut {
                arriving.iter().for_each(|update| driver.deliver(update));
            }
            if !has_news && driver.next() > Duration::ZERO {
                continue;
            }
            let batch = driver.take();
            let count = batch.operations().len() as u64;
            if count == 0 {
                continue;
            }
            instance.in_second += count;
            operations += count;
            let replies = if is_cut {
                let refused = || Err(StoreError::new("connection refused"));
                batch.operations().iter().map(|_| refused()).collect()
            } else {
                store.run(batch.operations())
            };
            if scenario.publishes {
                for reply in replies.iter().flatten().filter(|reply| reply.has_changed) {
                    updates.push(Update {
                        fleet: "simulated".into(),
                        breaker: "dependency".into(),
                        state: reply.state.clone(),
                    });
                }
            }
            instance.replies = Some((batch, replies));
        }
        let has_ended = now >= scenario.outage.end;
        let mut open = 0;
        for (index, instance) in instances.iter_mut().enumerate() {
            let state = instance.breaker.state();
            let has_opened = state == CircuitState::Open && instance.state == CircuitState::Closed;
            measures.false_openings +=
                u64::from(has_opened && !is_down && index >= scenario.broken);
            instance.state = state;
            open += usize::from(state != CircuitState::Closed);
            if step % 100 == 0 {
                measures.peak = measures.peak.max(instance.in_second);
                instance.in_second = 0;
            }
        }
        let share = open as f64 / scenario.instances as f64;
        if is_down && share >= 0.99 {
            let since = now - scenario.outage.start;
            measures.converged.get_or_insert(since);
        }
        if has_ended && scenario.outage.end > Duration::ZERO && share <= 0.01 {
            let since = now - scenario.outage.end;
            measures.recovered.get_or_insert(since);
        }
        if step % 100 == 0 {
            measures.open.push(share);
            measures.load.push(load as f64);
            load = 0;
        }
    }
    let seconds = scenario.length.as_secs_f64();
    measures.operations = operations as f64 / seconds / scenario.instances as f64;
    measures
}

//! The simulated outage: its page is what a run gives, and it reproduces what is known.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

#[expect(dead_code, reason = "`main` is for those who run the example")]
#[path = "../examples/outage/main.rs"]
mod outage;

use gardefou::time::{Clock, ManualClock};
use outage::{
    page,
    random::Random,
    scenario::{Scenario, Trouble},
    schedule::Schedule,
    simulation::simulate,
    strategy::{Budget, Strategy},
    study::{self, Waiting},
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

/// Everything that the page shows.
static SECTIONS: LazyLock<Vec<page::Section>> = LazyLock::new(|| {
    let sections = page::names().map(|name| page::section(name).unwrap());
    sections.collect()
});

const SEEDS: [u64; 3] = [1, 2, 3];

/// Asserts that a value is within 5 % of what is expected.
#[track_caller]
fn assert_near(value: f64, expected: f64, what: &str) {
    let deviation = value / expected - 1.0;
    assert!(
        deviation.abs() < 0.05,
        "{what}: {value:.4} is {:.1} % off {expected:.4}",
        100.0 * deviation
    );
}

#[test]
fn page_and_figures_are_what_a_run_gives() {
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"));
    let files = page::files(docs, &SECTIONS).unwrap();
    for (path, text) in &files {
        let found = fs::read_to_string(path).unwrap_or_default();
        assert!(
            found == *text,
            "{} is out of date: cargo run --release -p gardefou-examples --example outage -- --write",
            path.display()
        );
    }
    let made: BTreeSet<PathBuf> = files.into_iter().map(|(path, _)| path).collect();
    let folder = fs::read_dir(docs.join("outage")).unwrap();
    let found: BTreeSet<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    assert!(found.is_subset(&made), "{found:?} has files of no run");
}

#[test]
fn figures_are_well_formed_and_described() {
    let figures = SECTIONS.iter().filter_map(|section| {
        let svg = section.svg.as_deref()?;
        Some((section.name, section.title, svg))
    });
    let mut count = 0;
    for (name, title, svg) in figures {
        count += 1;
        let mut open = Vec::new();
        for tag in svg.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').unwrap();
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') {
                open.push(tag.split(' ').next().unwrap());
            }
        }
        assert!(open.is_empty(), "{open:?}");
        for part in [
            &*format!(" role=\"img\" aria-labelledby=\"{name}-title {name}-desc\""),
            &*format!("<title id=\"{name}-title\">{title}</title>"),
            &*format!("<desc id=\"{name}-desc\">For each strategy"),
            "@media(prefers-color-scheme:dark)",
            ">time (s)<",
            ">calls that succeed (%)<",
            ">requests at the service (1/s)<",
        ] {
            assert!(svg.contains(part), "{part} is missing");
        }
        for strategy in Strategy::ALL {
            assert!(svg.contains(&format!(">{}<", strategy.name)));
        }
    }
    assert_eq!(count, 3);
}

/// Compares with the figures of the study's own simulator.
#[test]
fn delays_reproduce_the_study_of_backoff_and_jitter() {
    for reference in study::REFERENCES {
        let (waiting, clients) = (reference.waiting, reference.clients);
        let outcome = study::contend(waiting, clients, reference.trials, 7);
        let what = format!("{} with {clients} clients", waiting.name());
        let expected = reference.outcome;
        assert_near(outcome.calls, expected.calls, &format!("writes, {what}"));
        if (waiting, clients) == (Waiting::Decorrelated, 100) {
            // The study lets decorrelated delays gather at the cap, the library draws them below it.
            // The next row has the study's way, and its time.
            let share = outcome.time / expected.time;
            assert!((0.88..0.98).contains(&share), "time, {what}: {share}");
        } else {
            assert_near(outcome.time, expected.time, &format!("time, {what}"));
        }
    }
}

#[test]
fn retries_multiply_the_load_on_a_service_that_is_down() {
    for max_retries in 0..=5 {
        let strategy = Strategy {
            max_retries,
            ..Strategy::NAIVE
        };
        let run = simulate(&Scenario::DOWN, &strategy, 1);
        assert_eq!((run.calls > 10_000, run.successes), (true, 0));
        assert_eq!(run.requests, run.calls * (1 + max_retries));
    }
}

/// The SRE book gives 1.1 for a client that may retry a tenth of its requests.
#[test]
fn token_bucket_of_a_tenth_limits_the_load_to_a_tenth_more() {
    for max_retries in [1, 3, 10] {
        for seed in SEEDS {
            let strategy = Strategy {
                max_retries,
                budget: Some(Budget::TENTH),
                ..Strategy::NAIVE
            };
            let run = simulate(&Scenario::DOWN, &strategy, seed);
            assert_near(run.load_factor(), 1.1, &format!("{max_retries} retries"));
        }
    }
}

/// Ten seconds of trouble and ten minutes after it, at half the size of everything.
const COLLAPSE: Scenario = Scenario {
    programs: 2,
    workers: 10,
    queue: 800,
    calls_per_second: 120,
    duration: Duration::from_secs(640),
    ..Scenario::COLLAPSE
};

#[test]
fn naive_retries_keep_an_outage_alive_that_has_lost_its_cause() {
    for seed in SEEDS {
        let run = simulate(&COLLAPSE, &Strategy::NAIVE, seed);
        let (before, after) = run.seconds.split_at(45);
        assert!(
            before[..29]
                .iter()
                .all(|second| second.successes == second.calls)
        );
        let successes: u32 = after.iter().map(|second| second.successes).sum();
        let calls: u32 = after.iter().map(|second| second.calls).sum();
        assert!(
            successes * 1000 < calls,
            "seed {seed}: {successes} of {calls} calls succeed"
        );
        assert_eq!(run.recovery(&COLLAPSE), None);
    }
}

#[test]
fn default_settings_end_the_same_outage() {
    for seed in SEEDS {
        for strategy in [Strategy::BUDGET, Strategy::BREAKER, Strategy::DEFAULTS] {
            let run = simulate(&COLLAPSE, &strategy, seed);
            let recovery = run.recovery(&COLLAPSE);
            assert!(
                recovery.is_some_and(|seconds| seconds <= 65),
                "seed {seed}, {}: {recovery:?}",
                strategy.name
            );
        }
    }
}

/// The adaptive limit keeps the queue short, so that there is nothing to recover from.
#[test]
fn adaptive_bulkhead_keeps_the_service_out_of_the_outage() {
    for seed in SEEDS {
        let run = simulate(&COLLAPSE, &Strategy::ADAPTIVE, seed);
        let recovery = run.recovery(&COLLAPSE);
        assert!(
            recovery.is_some_and(|seconds| seconds <= 10),
            "{recovery:?}"
        );
        let successes: u32 = run.seconds[32..40]
            .iter()
            .map(|second| second.successes)
            .sum();
        assert!(successes > 0, "seed {seed}");
    }
}

#[test]
fn queue_that_is_shorter_than_callers_wait_does_not_sustain_an_outage() {
    let scenario = Scenario {
        queue: 50,
        duration: Duration::from_secs(120),
        ..COLLAPSE
    };
    for seed in SEEDS {
        let run = simulate(&scenario, &Strategy::NAIVE, seed);
        assert!(run.recovery(&scenario).is_some_and(|seconds| seconds <= 5));
    }
}

/// In a queue with one worker the time in the system is exponentially distributed, with the
/// difference of the rates of work and arrivals as its rate (M/M/1).
#[test]
fn queue_behaves_as_theory_has_it() {
    let scenario = Scenario {
        workers: 1,
        service_time: Duration::from_millis(20),
        calls_per_second: 25,
        trouble: Trouble::Failures(0.0),
        duration: Duration::from_secs(2000),
        ..Scenario::FAILURES
    };
    let run = simulate(&scenario, &Strategy::NONE, 1);
    let rate = 50.0 - 25.0;
    assert_near(run.latency(0.5).as_secs_f64(), 2_f64.ln() / rate, "p50");
    assert_near(run.latency(0.99).as_secs_f64(), 100_f64.ln() / rate, "p99");
    assert_near(f64::from(run.calls), 50_000.0, "calls");
}

#[test]
fn run_depends_on_its_seed_alone() {
    let scenario = Scenario {
        duration: Duration::from_secs(60),
        ..Scenario::COLLAPSE
    };
    let run = |seed| simulate(&scenario, &Strategy::DEFAULTS, seed);
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn samplers_have_the_moments_of_their_distributions() {
    let mut random = Random::new(1, 0);
    let count = 200_000;
    let moments = |sample: &mut dyn FnMut() -> f64| {
        let values: Vec<f64> = (0..count).map(|_| sample()).collect();
        let mean = values.iter().sum::<f64>() / f64::from(count);
        let squares = values.iter().map(|value| (value - mean).powi(2));
        let beyond = values.iter().filter(|value| **value > 1.0).count();
        let share = beyond as f64 / f64::from(count);
        (mean, squares.sum::<f64>() / f64::from(count), share)
    };
    let (mean, variance, beyond) = moments(&mut || random.exponential());
    assert_near(mean, 1.0, "mean");
    assert_near(variance, 1.0, "variance");
    assert_near(beyond, (-1_f64).exp(), "share above 1");
    let (mean, variance, beyond) = moments(&mut || random.normal());
    assert!(mean.abs() < 0.01, "{mean}");
    assert_near(variance, 1.0, "variance");
    assert_near(beyond, 0.158_655, "share above 1");
}

#[test]
fn events_happen_in_their_order_and_move_the_clock() {
    let clock = ManualClock::new();
    let mut schedule = Schedule::new(clock.clone());
    for (millis, event) in [(20, 'c'), (10, 'a'), (20, 'd'), (10, 'b')] {
        schedule.add(Duration::from_millis(millis), event);
    }
    let mut seen = Vec::new();
    while let Some(event) = schedule.next() {
        seen.push((event, schedule.now().as_millis()));
        assert_eq!(
            u128::from(clock.now().as_nanos()),
            schedule.now().as_nanos()
        );
        if event == 'b' {
            schedule.add(Duration::from_millis(5), 'e');
        }
    }
    let expected = [('a', 10), ('b', 10), ('e', 15), ('c', 20), ('d', 20)];
    assert_eq!(seen, expected);
}

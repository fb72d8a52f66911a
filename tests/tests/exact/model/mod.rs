//! Random trees of guarded calls, compared with a plain walk over each tree.
//!
//! `GARDEFOU_MODEL_SEED` and `GARDEFOU_MODEL_TREES` choose other trees, and how many.

mod expected;
mod run;
mod sink;
mod tree;

use crate::support::Watch;
use expected::{Failure, Occurrence, State, Walk};
use gardefou::monitor::RecordState;
use run::{Carried, Env, run, run_async};
use sink::{Seen, Sink};
use std::{collections::BTreeMap, env, sync::Arc, thread};
use tokio::runtime::{Builder, Runtime};
use tree::{Draw, Numbers};

/// Few, so that most errors look like another one.
const TEXTS: [&str; 3] = ["disk full", "no route", "bad frame"];

/// The text of each rejection.
const REJECTED: &str = "circuit_breaker `model-open` rejected the call";

fn from_env(name: &str, default: u64) -> u64 {
    env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// How a thread runs its trees.
#[derive(Clone, Copy, Debug, PartialEq)]
enum World {
    Sync,
    OneThread,
    ManyThreads,
}

impl World {
    fn runtime(self, sink: &Sink) -> Option<Runtime> {
        let sink = Arc::clone(sink);
        match self {
            Self::Sync => None,
            Self::OneThread => Builder::new_current_thread().enable_time().build().ok(),
            Self::ManyThreads => Builder::new_multi_thread()
                .worker_threads(3)
                .enable_time()
                .on_thread_start(move || sink::set(Some(Arc::clone(&sink))))
                .build()
                .ok(),
        }
    }
}

/// Runs the configured number of trees, and returns how many of them could be compared.
fn compare(world: World, seed: u64, trees: u64) -> u64 {
    let sink = Sink::default();
    sink::set(Some(Arc::clone(&sink)));
    let runtime = world.runtime(&sink);
    let mut compared = 0;
    // After a first difference a few more trees are run, so that a small one is shown.
    let (mut smallest, mut left): (Option<(u32, String)>, u64) = (None, trees);
    for number in 0..trees {
        if left == 0 {
            break;
        }
        left -= 1;
        let seed = seed.wrapping_mul(1_000_003).wrapping_add(number);
        let mut draw = Draw {
            numbers: Numbers(seed),
            uids: 0,
        };
        let tree = draw.tree(world != World::Sync);
        let (walk, failure) = Walk::of(&tree);
        if walk.is_ambiguous {
            continue;
        }
        compared += 1;
        let env = Env::new();
        let outcome = match (&runtime, world) {
            (None, _) => run(&tree, &env),
            (Some(runtime), World::ManyThreads) => {
                let call = run_async(Arc::clone(&tree), Arc::clone(&env));
                runtime.block_on(async { tokio::spawn(call).await.unwrap() })
            }
            (Some(runtime), _) => runtime.block_on(run_async(Arc::clone(&tree), Arc::clone(&env))),
        };
        let seen = sink::take(&sink);
        if let Err(difference) = check(&walk, failure.as_ref(), &seen, outcome.as_ref().err(), &env)
        {
            left = left.min(500);
            if smallest.as_ref().is_none_or(|(size, _)| draw.uids < *size) {
                let wanted = walk.occurrences;
                let text = format!(
                    "{difference}\n{world:?}, seed {seed}\n{tree:#?}\nexpected {wanted:#?}\nseen {seen:#?}"
                );
                smallest = Some((draw.uids, text));
            }
        }
    }
    if let Some((_, text)) = smallest {
        panic!("{text}");
    }
    sink::set(None);
    compared
}

fn check(
    walk: &Walk,
    failure: Option<&Failure>,
    seen: &[Seen],
    error: Option<&Carried>,
    env: &Env,
) -> Result<(), String> {
    let mut notes = env.notes();
    notes.ran.sort_unstable();
    same("leaves that ran", &walk.ran, &notes.ran)?;

    let mut states: BTreeMap<(&str, &str), Vec<Option<RecordState>>> = BTreeMap::new();
    for event in seen {
        states
            .entry((&event.id, &event.text))
            .or_default()
            .push(event.provisional);
    }
    let mut reported = Vec::new();
    for ((id, text), states) in &states {
        let mut settled = |state| reported.push((*text, state, notes.made.contains_key(*id)));
        match states[..] {
            [None] | [Some(RecordState::Pending), None] => settled(State::Error),
            [Some(RecordState::Pending), Some(RecordState::Retried)] => settled(State::Retried),
            // Rejections have the identity of what opened the circuit.
            _ if *text == REJECTED => {
                states
                    .iter()
                    .filter(|state| state.is_none())
                    .for_each(|_| settled(State::Error));
                let retried = states
                    .iter()
                    .filter(|state| **state == Some(RecordState::Retried));
                retried.for_each(|_| settled(State::Retried));
            }
            _ => return Err(format!("{id} `{text}` was not settled once: {states:?}")),
        }
    }
    reported.sort_unstable();
    let mut wanted: Vec<_> = walk
        .occurrences
        .iter()
        .map(
            |Occurrence {
                 text,
                 state,
                 is_app,
             }| (&**text, *state, *is_app),
        )
        .collect();
    wanted.sort_unstable();
    same(
        "errors by text, state and whether their identity was theirs before",
        &wanted,
        &reported,
    )?;

    same(
        "whether the tree fails",
        &failure.is_some(),
        &error.is_some(),
    )?;
    if let (Some(failure), Some(error)) = (failure, error) {
        let id = error.id();
        same(
            "whether what is returned has an identity",
            &failure.has_id,
            &id.is_some(),
        )?;
        if let (Some(id), Some(occurrence)) = (id, failure.occurrence)
            && failure.shows_id
        {
            let (id, text) = (id.to_string(), &*walk.occurrences[occurrence].text);
            let is_seen = states.contains_key(&(&*id, text));
            same(
                "whether the identity that was returned is that of the event",
                &true,
                &is_seen,
            )?;
        }
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, wanted: &T, got: &T) -> Result<(), String> {
    if wanted == got {
        Ok(())
    } else {
        Err(format!("{what}: expected {wanted:?}, got {got:?}"))
    }
}

/// Runs trees on four threads at the same time.
fn compare_on_four_threads(world: World, trees: u64) {
    // No other test may end the system meanwhile.
    let _watch = Watch::on("model_alone");
    sink::collect();
    let (seed, trees) = (
        from_env("GARDEFOU_MODEL_SEED", 1),
        from_env("GARDEFOU_MODEL_TREES", trees),
    );
    let compared: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|lane| scope.spawn(move || compare(world, seed * 4 + lane, trees / 4)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .sum()
    });
    assert!(
        compared > trees / 2,
        "only {compared} of {trees} trees are not ambiguous"
    );
}

#[test]
fn sync_trees_report_as_the_walk_over_the_tree() {
    compare_on_four_threads(World::Sync, 40_000);
}

#[test]
fn async_trees_on_one_thread_report_as_the_walk_over_the_tree() {
    compare_on_four_threads(World::OneThread, 60_000);
}

#[test]
fn async_trees_on_many_threads_report_as_the_walk_over_the_tree() {
    compare_on_four_threads(World::ManyThreads, 20_000);
}

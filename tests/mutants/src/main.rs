//! Mutation tests: what cargo-mutants would change in a part of the runtime, and whether the tests
//! of that part detect it.
//!
//! All mutants of an area are compiled into one program, each behind a condition that a variable of
//! the environment turns on (mutant schemata: Untch, Offutt and Harrold, "Mutation analysis using
//! mutant schemata", 1993), so that a mutant costs a run of the tests and no build.

mod area;
mod mutant;
mod outcomes;
mod program;
mod trial;
mod weave;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, thread};

use mutant::Mutant;
use outcomes::Outcomes;
use program::{Builds, Tree};
use trial::Step;

const USAGE: &str = "\
usage: tests/mutants/run AREA [K/N] [--again] [--apart]   tests an area, or one of N shards of it, 0 to N - 1
       tests/mutants/run --report                         rates of all areas, and the survivors without a reason
Mutants that are caught are not tested again without `--again`. A few do not compile together with others; they are
tested with `--apart`, each with a build of its own.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (flags, words): (Vec<&str>, Vec<&str>) = arguments
        .iter()
        .map(String::as_str)
        .partition(|argument| argument.starts_with("--"));
    let is_known = |flag: &&str| ["--again", "--apart"].contains(flag);
    let result = match words[..] {
        [] if flags == ["--report"] => outcomes::report(),
        [area] if flags.iter().all(is_known) => test(area, "0/1", &flags),
        [area, shard] if flags.iter().all(is_known) => test(area, shard, &flags),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Tests the mutants of a shard.
fn test(name: &str, shard: &str, flags: &[&str]) -> Result<(), String> {
    let (again, with_apart) = (flags.contains(&"--again"), flags.contains(&"--apart"));
    let area = area::find(name).ok_or_else(|| format!("no area `{name}`\n{USAGE}"))?;
    let (shard, shards) = shard
        .split_once('/')
        .and_then(|(shard, shards)| {
            Some((shard.parse::<usize>().ok()?, shards.parse::<usize>().ok()?))
        })
        .filter(|(shard, shards)| shard < shards)
        .ok_or_else(|| format!("`{shard}` is no shard such as 0/4\n{USAGE}"))?;
    let mutants = mutant::list(area)?;
    let mut outcomes = Outcomes::open(area)?;
    outcomes.retain(&mutants)?;
    let wanted: Vec<usize> = (mutants.len() * shard / shards..mutants.len() * (shard + 1) / shards)
        .filter(|&index| again || matches!(outcomes.get(&mutants[index]), None | Some("missed")))
        .collect();
    eprintln!("{name}: {} of {} mutants", wanted.len(), mutants.len());
    let tree = Tree::copy(program::scratch().join("tree"), &mutants)?;
    let sorted = tree.weave(area, &mutants, &wanted)?;
    for &index in &sorted.unviable {
        outcomes.set(&mutants[index], "unviable")?;
    }
    eprintln!(
        "{} unviable, {} apart",
        sorted.unviable.len(),
        sorted.apart.len()
    );
    let outcomes = Mutex::new(outcomes);
    if !sorted.woven.is_empty() {
        let binaries = tree
            .build(area, Builds::One)?
            .ok_or("the woven program does not compile")?;
        let mut steps = trial::steps(area, &binaries);
        trial::measure(&mut steps, &program::scratch().join("baseline"))?;
        test_woven(
            &steps,
            &mutants,
            &sorted.woven.into_iter().collect::<Vec<_>>(),
            &outcomes,
        )?;
    }
    let apart = if with_apart {
        sorted.apart
    } else {
        BTreeSet::new()
    };
    for &index in &apart {
        tree.change(&mutants[index])?;
        let outcome = match tree.build(area, Builds::Many)? {
            None => "unviable",
            Some(binaries) => {
                let folder = program::scratch().join("apart");
                trial::run(&trial::steps(area, &binaries), index + 1, &folder)?
            }
        };
        note(&outcomes, &mutants[index], outcome)?;
    }
    Ok(())
}

/// Tests what was compiled together, some at a time: many tests wait.
fn test_woven(
    steps: &[Step],
    mutants: &[Mutant],
    woven: &[usize],
    outcomes: &Mutex<Outcomes>,
) -> Result<(), String> {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..2 * thread::available_parallelism().map_or(1, usize::from))
            .map(|worker| {
                let next = &next;
                scope.spawn(move || {
                    let folder = program::scratch().join(format!("worker-{worker}"));
                    while let Some(&index) = woven.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let outcome = trial::run(steps, index + 1, &folder)?;
                        note(outcomes, &mutants[index], outcome)?;
                    }
                    Ok(())
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| {
            worker
                .join()
                .unwrap_or_else(|_| Err("a worker panicked".to_owned()))
        })
    })
}

fn note(outcomes: &Mutex<Outcomes>, mutant: &Mutant, outcome: &str) -> Result<(), String> {
    println!(
        "{outcome}\t{}:{}\t{}",
        mutant.file, mutant.span.start.line, mutant.change
    );
    outcomes
        .lock()
        .map_err(|error| error.to_string())?
        .set(mutant, outcome)
}

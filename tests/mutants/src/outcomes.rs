//! Files of outcomes, one line a mutant: outcome, file, change.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::PathBuf;

use crate::area::{AREAS, Area};
use crate::mutant::{self, Mutant};

/// What became of mutants, by file and change.
pub struct Outcomes {
    path: PathBuf,
    by_mutant: BTreeMap<(String, String), String>,
}

impl Outcomes {
    pub fn open(area: &Area) -> Result<Self, String> {
        let path = PathBuf::from(format!("tests/mutants/outcomes/{}", area.name));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let by_mutant = text
            .lines()
            .filter_map(|line| {
                let mut fields = line.splitn(3, '\t').map(str::to_owned);
                let (outcome, file, change) = (fields.next()?, fields.next()?, fields.next()?);
                Some(((file, change), outcome))
            })
            .collect();
        Ok(Self { path, by_mutant })
    }

    pub fn get(&self, mutant: &Mutant) -> Option<&str> {
        self.by_mutant
            .get(&(mutant.file.clone(), mutant.change.clone()))
            .map(String::as_str)
    }

    /// Notes an outcome, on disk at once.
    pub fn set(&mut self, mutant: &Mutant, outcome: &str) -> Result<(), String> {
        self.by_mutant.insert(
            (mutant.file.clone(), mutant.change.clone()),
            outcome.to_owned(),
        );
        self.write()
    }

    /// Drops what is no mutant any more.
    pub fn retain(&mut self, mutants: &[Mutant]) -> Result<(), String> {
        let known: HashSet<_> = mutants
            .iter()
            .map(|mutant| (&*mutant.file, &*mutant.change))
            .collect();
        self.by_mutant
            .retain(|(file, change), _| known.contains(&(&**file, &**change)));
        self.write()
    }

    fn write(&self) -> Result<(), String> {
        let lines: String = self
            .by_mutant
            .iter()
            .map(|((file, change), outcome)| format!("{outcome}\t{file}\t{change}\n"))
            .collect();
        let new = self.path.with_extension("new");
        fs::write(&new, lines)
            .and_then(|()| fs::rename(&new, &self.path))
            .map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

/// Prints the rate of each area, and the survivors without a reason.
pub fn report() -> Result<(), String> {
    let reasons = fs::read_to_string("tests/mutants/survivors.tsv")
        .map_err(|error| format!("survivors.tsv: {error}"))?;
    let explained: HashSet<(&str, &str)> = reasons
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut fields = line.split('\t');
            Some((fields.next()?, fields.next()?))
        })
        .collect();
    println!(
        "{:<10} {:>8} {:>8} {:>8} {:>8} {:>8}  rate",
        "area", "mutants", "tested", "unviable", "missed", "caught"
    );
    let mut unexplained = Vec::new();
    let mut missed = HashSet::new();
    let mut total = [0; 5];
    for area in AREAS {
        let mutants = mutant::list(area)?;
        let outcomes = Outcomes::open(area)?;
        let mut counts = [mutants.len(), 0, 0, 0, 0];
        for mutant in &mutants {
            let Some(outcome) = outcomes.get(mutant) else {
                continue;
            };
            counts[1] += 1;
            counts[match outcome {
                "unviable" => 2,
                "missed" => 3,
                _ => 4,
            }] += 1;
            if outcome == "missed" {
                missed.insert((mutant.file.clone(), mutant.change.clone()));
                if !explained.contains(&(&*mutant.file, &*mutant.change)) {
                    unexplained.push(format!("  {}  {}", mutant.file, mutant.change));
                }
            }
        }
        total
            .iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count);
        print_row(area.name, counts);
    }
    print_row("all", total);
    println!("\nmissed, without a reason: {}", unexplained.len());
    unexplained.iter().for_each(|line| println!("{line}"));
    let stale: Vec<_> = explained
        .iter()
        .filter(|(file, change)| !missed.contains(&((*file).to_owned(), (*change).to_owned())))
        .collect();
    println!("\nwith a reason, but not missed: {}", stale.len());
    stale
        .iter()
        .for_each(|(file, change)| println!("  {file}  {change}"));
    Ok(())
}

fn print_row(name: &str, [mutants, tested, unviable, missed, caught]: [usize; 5]) {
    let rate = match missed + caught {
        0 => "-".to_owned(),
        viable => format!("{:.1} %", 100.0 * caught as f64 / viable as f64),
    };
    println!("{name:<10} {mutants:>8} {tested:>8} {unviable:>8} {missed:>8} {caught:>8}  {rate}");
}

//! The parts of `docs/outage.md` that a run makes: tables, and the figures beside it.

use super::{
    chart,
    measure::Measures,
    scenario::Scenario,
    simulation::simulate,
    strategy::{Budget, Strategy},
    study::{self, Reference},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The seed of everything that the page shows.
const SEED: u64 = 1;

/// What a run makes of one scenario.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) table: String,
    /// The figure, where there is one.
    pub(crate) svg: Option<String>,
}

/// Names of all sections, in their order.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    Scenario::ALL
        .iter()
        .map(|scenario| scenario.name)
        .chain([Scenario::DOWN.name, STUDY])
}

const STUDY: &str = "jitter";

/// Runs what one section needs.
pub(crate) fn section(name: &str) -> Option<Section> {
    if name == STUDY {
        return Some(study_section());
    }
    if name == Scenario::DOWN.name {
        return Some(down_section());
    }
    let scenario = Scenario::ALL
        .iter()
        .find(|scenario| scenario.name == name)?;
    let runs: Vec<(Strategy, Measures)> = (Strategy::ALL.into_iter())
        .map(|strategy| (strategy, simulate(scenario, &strategy, SEED)))
        .collect();
    Some(Section {
        name: scenario.name,
        title: scenario.title,
        table: table(scenario, &runs),
        svg: Some(chart::svg(scenario, &runs)),
    })
}

fn table(scenario: &Scenario, runs: &[(Strategy, Measures)]) -> String {
    let mut table = String::from(
        "| strategy | calls | requests per call | peak load | success | p50 | p99 | recovered after |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (strategy, run) in runs {
        let recovery = match run.recovery(scenario) {
            Some(seconds) => format!("{seconds} s"),
            None => "never".to_owned(),
        };
        table += &format!(
            "| {} | {} | {:.2} | {:.2} | {:.2} % | {:.3} s | {:.3} s | {recovery} |\n",
            strategy.name,
            run.calls,
            run.load_factor(),
            run.peak_load(),
            100.0 * run.success_rate(),
            run.latency(0.5).as_secs_f64(),
            run.latency(0.99).as_secs_f64(),
        );
    }
    table
}

fn down_section() -> Section {
    let mut table = String::from(
        "| retries | requests per call | with a budget of a tenth |\n\
         | ---: | ---: | ---: |\n",
    );
    for max_retries in 0..=5 {
        let naive = Strategy {
            max_retries,
            ..Strategy::NAIVE
        };
        let within_budget = Strategy {
            budget: Some(Budget::TENTH),
            ..naive
        };
        let load = |strategy| simulate(&Scenario::DOWN, &strategy, SEED).load_factor();
        table += &format!(
            "| {max_retries} | {:.2} | {:.2} |\n",
            load(naive),
            load(within_budget)
        );
    }
    Section {
        name: Scenario::DOWN.name,
        title: Scenario::DOWN.title,
        table,
        svg: None,
    }
}

fn study_section() -> Section {
    let mut table = String::from(
        "| clients | delays | writes | of the study | time | of the study |\n\
         | ---: | --- | ---: | ---: | ---: | ---: |\n",
    );
    for reference in study::REFERENCES {
        let Reference {
            waiting,
            clients,
            outcome: expected,
            trials,
        } = reference;
        let outcome = study::contend(waiting, clients, trials, SEED);
        table += &format!(
            "| {clients} | {} | {:.0} | {:.0} | {:.2} s | {:.2} s |\n",
            waiting.name(),
            outcome.calls,
            expected.calls,
            outcome.time / 1e3,
            expected.time / 1e3,
        );
    }
    Section {
        name: STUDY,
        title: "Backoff and jitter under contention",
        table,
        svg: None,
    }
}

/// A file, and the text that it should have.
pub(crate) type File = (PathBuf, String);

/// Returns the page and its figures as these sections make them of the page as it is.
pub(crate) fn files(docs: &Path, sections: &[Section]) -> io::Result<Vec<File>> {
    let path = docs.join("outage.md");
    let mut page = fs::read_to_string(&path)?;
    let mut files = Vec::new();
    let mut links = String::new();
    for section in sections {
        page = replaced(&page, section).ok_or_else(|| {
            let missing = format!("{} has no place for {}", path.display(), section.name);
            io::Error::new(io::ErrorKind::InvalidData, missing)
        })?;
        if let Some(svg) = &section.svg {
            let name = format!("outage/{}.svg", section.name);
            links += &format!("[{name}]: {}\n", data_url(svg));
            files.push((docs.join(name), svg.clone()));
        }
    }
    files.push((docs.join("outage/links.txt"), links));
    files.push((path, page));
    Ok(files)
}

/// Puts a table between its marks.
fn replaced(page: &str, section: &Section) -> Option<String> {
    let begin = format!("<!-- {}: begin -->\n", section.name);
    let end = format!("<!-- {}: end -->\n", section.name);
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{}\n{end}{after}", section.table))
}

/// Returns a figure as an address that contains it: the documentation that rustdoc makes has no files
/// beside it.
fn data_url(svg: &str) -> String {
    let mut url = String::from("data:image/svg+xml,");
    for c in svg.chars() {
        if c.is_ascii_alphanumeric() || "-.:;,=/".contains(c) {
            url.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            url += &format!("%{byte:02X}");
        }
    }
    url
}

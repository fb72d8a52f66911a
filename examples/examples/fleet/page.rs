//! The parts of `docs/fleet.md` that a run makes.

use super::{
    chart,
    scenario::Scenario,
    simulation::{Measures, simulate},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// The seed of everything that the page shows.
const SEED: u64 = 1;

/// What a run makes.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) runs: Vec<(Scenario, Measures)>,
}

impl Made {
    pub(crate) fn table(&self) -> String {
        table(&self.runs)
    }

    fn svg(&self) -> String {
        chart::svg(&self.runs)
    }
}

/// Runs everything that the page shows.
pub(crate) fn make() -> Made {
    let runs: Vec<_> = (Scenario::all().into_iter())
        .map(|scenario| {
            let measures = simulate(&scenario, SEED);
            (scenario, measures)
        })
        .collect();
    Made { runs }
}

fn table(runs: &[(Scenario, Measures)]) -> String {
    let mut table = String::from(
        "| breakers | instances | opened | failed calls | probes | closed | false openings | operations | at most |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (scenario, run) in runs {
        let has_outage = !scenario.outage.is_empty();
        let time = |time: Option<Duration>| match time {
            _ if !has_outage => String::new(),
            Some(time) => format!("{:.2} s", time.as_secs_f64()),
            None => "never".to_owned(),
        };
        let of_outage = |text: String| if has_outage { text } else { String::new() };
        table += &format!(
            "| {} | {} | {} | {} | {} | {} | {} | {:.2}/s | {} |\n",
            scenario.name,
            scenario.instances,
            time(run.converged),
            of_outage(run.failed.to_string()),
            of_outage(format!("{:.2}/s", run.probes)),
            time(run.recovered),
            run.false_openings,
            run.operations,
            run.peak,
        );
    }
    table
}

/// Returns the page and its figure as a run makes them of the page as it is.
pub(crate) fn files(docs: &Path, made: &Made) -> io::Result<Vec<(PathBuf, String)>> {
    let path = docs.join("fleet.md");
    let page = fs::read_to_string(&path)?;
    let (begin, end) = ("<!-- simulation: begin -->\n", "<!-- simulation: end -->\n");
    let parts = page
        .split_once(begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let Some((before, after)) = parts else {
        let missing = format!("{} has no place for the table", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, missing));
    };
    let page = format!("{before}{begin}\n{}\n{end}{after}", made.table());
    let svg = docs.join("fleet/outage.svg");
    let drawn = made.svg();
    let link = format!("[fleet/outage.svg]: {}\n", data_url(&drawn));
    Ok(vec![
        (path, page),
        (svg, drawn),
        (docs.join("fleet/links.txt"), link),
    ])
}

/// Returns a figure as an address that contains it: the documentation that rustdoc makes has no files beside it.
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

//! The simulated fleet: its page is what a run gives, and shared breakers do what the page says.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

#[expect(dead_code, reason = "`main` is for those who run the example")]
#[path = "../examples/fleet/main.rs"]
mod fleet;

use fleet::{
    page::{self, Made},
    scenario::Scenario,
    simulation::{Measures, simulate},
};
use std::{fs, path::Path, sync::LazyLock, time::Duration};

/// Everything that the page shows.
static MADE: LazyLock<Made> = LazyLock::new(page::make);

fn run(name: &str, instances: usize) -> &'static Measures {
    let found = (MADE.runs.iter())
        .find(|(scenario, _)| scenario.name == name && scenario.instances == instances);
    &found.unwrap().1
}

#[test]
fn page_and_figure_are_what_a_run_gives() {
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"));
    for (path, text) in page::files(docs, &MADE).unwrap() {
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == text,
            "{} is out of date: cargo run --release -p gardefou-examples --example fleet -- --write",
            path.display()
        );
    }
}

#[test]
fn shared_breakers_open_sooner_and_probe_less() {
    for instances in [10, 100, 1000] {
        let (alone, shared) = (run("alone", instances), run("shared", instances));
        assert!(shared.converged.unwrap() * 2 < alone.converged.unwrap());
        assert!(shared.failed * 2 < alone.failed, "{instances}");
        assert!(shared.probes < 0.2, "{instances}: one probe in ten seconds");
        assert!(alone.probes > 0.05 * instances as f64, "{instances}");
        assert_eq!(shared.false_openings, 0);
    }
}

#[test]
fn no_instance_sends_more_than_ten_operations_a_second_and_five_ahead() {
    for (scenario, measures) in &MADE.runs {
        assert!(measures.peak <= 16, "{}: {}", scenario.name, measures.peak);
        assert!(
            measures.operations <= 10.0,
            "{}: {}",
            scenario.name,
            measures.operations
        );
    }
}

#[test]
fn instances_without_their_network_open_no_circuit_of_others() {
    let measures = run("shared, no outage, ten instances broken", 1000);
    assert_eq!(measures.false_openings, 0);
}

#[test]
fn instances_without_the_store_decide_alone() {
    let measures = run("shared, half without the store", 1000);
    assert!(measures.converged.unwrap() < run("alone", 1000).converged.unwrap() * 2);
    assert!(measures.recovered.is_some());
}

#[test]
fn runs_of_one_seed_are_equal() {
    let scenario = Scenario {
        length: Duration::from_secs(20),
        ..Scenario::all().swap_remove(1)
    };
    let [first, second] = [(), ()].map(|()| format!("{:?}", simulate(&scenario, 3)));
    assert_eq!(first, second);
    assert_ne!(first, format!("{:?}", simulate(&scenario, 4)));
}

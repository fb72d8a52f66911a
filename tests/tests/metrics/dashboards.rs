//! The shipped dashboard and alert rules beside the catalogue: an instrument, a label or a value that
//! they name and that is not there fails. `.ci/steps/88-prometheus` runs their queries.

use super::catalogue::exported;
use gardefou::telemetry::{Instrument, instruments};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dashboards/");
/// What every name of the catalogue begins with.
const PREFIX: &str = "gardefou_";
/// The labels that Prometheus adds to each series.
const OF_TARGETS: [&str; 2] = ["job", "instance"];

fn read(file: &str) -> String {
    fs::read_to_string(format!("{FOLDER}{file}")).unwrap()
}

fn dashboard() -> Value {
    serde_json::from_str(&read("gardefou.json")).unwrap()
}

/// The queries of all panels and variables.
fn queries(dashboard: &Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let exprs = targets.map(|target| target["expr"].as_str().unwrap());
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    let definitions = variables.filter_map(|variable| variable["definition"].as_str());
    exprs.chain(definitions).map(str::to_owned).collect()
}

/// A selector of a query: the metric, and its matchers as label and values.
#[derive(Debug, PartialEq)]
struct Selector {
    metric: String,
    matchers: Vec<(String, String)>,
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn selectors(text: &str) -> Vec<Selector> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(PREFIX) {
        let is_inside = text[..at].ends_with(is_name);
        let rest = &text[at..];
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let (metric, rest) = rest.split_at(end);
        // A pattern of names, or the prefix of something else.
        if is_inside || metric == PREFIX {
            continue;
        }
        let labels = rest
            .strip_prefix('{')
            .map_or("", |rest| rest.split('}').next().unwrap());
        found.push(Selector {
            metric: metric.to_owned(),
            matchers: matchers(labels),
        });
    }
    found
}

fn matchers(labels: &str) -> Vec<(String, String)> {
    let mut matchers = Vec::new();
    let mut rest = labels;
    while let Some((label, after)) = rest.split_once(['=', '!']) {
        let (_, after) = after.split_once('"').unwrap();
        let (value, after) = after.split_once('"').unwrap();
        let label = label.trim_matches([',', ' ']);
        matchers.push((label.to_owned(), value.to_owned()));
        rest = after;
    }
    matchers
}

/// The labels of all `by (..)` clauses.
fn groupings(text: &str) -> Vec<String> {
    let clauses = text.split("by (").skip(1);
    let clauses = clauses.map(|clause| clause.split(')').next().unwrap());
    let labels = clauses.flat_map(|clause| clause.split(", "));
    labels.map(str::to_owned).collect()
}

fn label_of(instrument: &Instrument, label: &str) -> Option<Vec<&'static str>> {
    let mut labels = instrument.labels().into_iter();
    let key = labels.find(|key| key.replace('.', "_") == label)?;
    Some(instrument.values(key))
}

/// What a text with queries names that the catalogue does not have.
fn problems(text: &str) -> Vec<String> {
    let catalogue: BTreeMap<String, &Instrument> =
        instruments().iter().map(|it| (exported(it), it)).collect();
    let mut problems = Vec::new();
    for Selector { metric, matchers } in selectors(text) {
        let Some(instrument) = catalogue.get(&metric) else {
            problems.push(metric);
            continue;
        };
        for (label, values) in matchers {
            if OF_TARGETS.contains(&&*label) {
                continue;
            }
            let Some(known) = label_of(instrument, &label) else {
                problems.push(format!("{metric} {label}"));
                continue;
            };
            let unknown = values.split('|').filter(|value| !known.contains(value));
            let unknown = unknown.filter(|_| !known.is_empty());
            problems.extend(unknown.map(|value| format!("{metric} {label} {value}")));
        }
    }
    let labels = instruments().iter().flat_map(Instrument::labels);
    let labels: BTreeSet<String> = labels.map(|label| label.replace('.', "_")).collect();
    let unknown = groupings(text).into_iter();
    let unknown = unknown.filter(|it| !labels.contains(it) && !OF_TARGETS.contains(&&**it));
    problems.extend(unknown.map(|label| format!("by {label}")));
    problems
}

#[test]
fn queries_of_the_dashboard_name_what_is_in_the_catalogue() {
    let queries = queries(&dashboard());
    assert!(queries.len() > 40, "{queries:#?}");
    for query in &queries {
        assert!(query.contains(PREFIX), "{query}");
        assert_eq!(problems(query), Vec::<String>::new(), "{query}");
    }
}

#[test]
fn alert_rules_and_their_tests_name_what_is_in_the_catalogue() {
    for file in ["alerts.yml", "alerts.test.yml"] {
        let text = read(file);
        assert!(selectors(&text).len() > 14, "{file}");
        assert_eq!(problems(&text), Vec::<String>::new(), "{file}");
    }
}

#[test]
fn each_alert_rule_is_tested() {
    let (rules, tests) = (read("alerts.yml"), read("alerts.test.yml"));
    let names = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let names: Vec<&str> = names.collect();
    assert_eq!(names.len(), 16);
    for name in names {
        let test = format!("alertname: {name}\n        exp_alerts:\n          - exp_labels:");
        assert!(tests.contains(&test), "{name} fires in no test");
    }
}

/// Otherwise the tests above would pass whatever is in the files.
#[test]
fn names_that_are_not_in_the_catalogue_are_found() {
    let query = concat!(
        r#"sum by (name, colour) (rate(gardefou_retry_calls_total{job="a", kind=~"failed|lost"}[5m]))"#,
        r#" / gardefou_retries{name="x"} + gardefou_bulkhead_limit{kind="x", name=~"$name"}"#,
    );
    assert_eq!(
        problems(query),
        [
            "gardefou_retry_calls_total kind failed",
            "gardefou_retry_calls_total kind lost",
            "gardefou_retries",
            "gardefou_bulkhead_limit kind",
            "by colour"
        ]
    );
}

/// Each kind of instrument that a guard has is somewhere on the dashboard.
#[test]
fn dashboard_shows_each_instrument_but_a_few() {
    let text = queries(&dashboard()).join("\n");
    let shown: BTreeSet<String> = selectors(&text).into_iter().map(|it| it.metric).collect();
    let hidden: Vec<&str> = instruments()
        .iter()
        .filter(|it| !shown.contains(&exported(it)))
        .map(Instrument::name)
        .collect();
    let expected = [
        "gardefou.circuit_breaker.slow_calls",
        "gardefou.circuit_breaker.abandoned_calls",
        "gardefou.circuit_breaker.call_time",
        "gardefou.retry.call_time",
        "gardefou.hedge.attempt_time",
        "gardefou.timeout.call_time",
        "gardefou.bulkhead.call_time",
        "gardefou.rate_limiter.call_time",
        "gardefou.alerts.inhibited",
        "gardefou.alerts.replayed",
        "gardefou.alerts.attempts",
        "gardefou.alerts.lost",
        "gardefou.alerts.waiting",
        "gardefou.health.results",
        "gardefou.health.timeouts",
    ];
    assert_eq!(hidden, expected);
}

#[test]
fn panels_have_their_own_places_and_ask_the_chosen_data_source() {
    let dashboard = dashboard();
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()));
        let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(place("x") + place("w") <= 24, "{}", panel["title"]);
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(taken.insert((x, y)), "{} overlaps", panel["title"]);
            }
        }
        for target in panel["targets"].as_array().into_iter().flatten() {
            assert_eq!(target["datasource"]["uid"], "${datasource}");
            let expr = target["expr"].as_str().unwrap();
            assert!(!expr.contains("[5m]"), "{expr}: `$__rate_interval`");
        }
    }
}

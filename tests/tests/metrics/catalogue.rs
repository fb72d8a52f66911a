//! The catalogue beside its page and beside a real scrape.

use super::support::scrape;
use gardefou::{
    AppError, ErrorCode,
    alerts::{Alerts, AlertsConfig, CallbackChannel},
    bulkhead::Bulkhead,
    circuit_breakers, health,
    hedge::Hedge,
    rate_limit::RateLimiter,
    report,
    retry::{Retry, RetryBudget},
    telemetry::{Instrument, InstrumentKind, instruments},
    testing::Scope,
    timeout::Timeout,
};
use std::{collections::BTreeSet, fmt::Write, fs, time::Duration};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
const BEGIN: &str = "<!-- instruments: begin -->\n";
const END: &str = "<!-- instruments: end -->";

/// The table of the page. `UPDATE_METRICS=1` writes it.
fn table() -> String {
    let mut table = String::from(
        "\n| instrument | kind | unit | labels | what |\n| --- | --- | --- | --- | --- |\n",
    );
    for instrument in instruments() {
        let labels: Vec<String> = instrument
            .labels()
            .into_iter()
            .map(|label| labelled(instrument, label))
            .collect();
        writeln!(
            table,
            "| `{}` | {} | `{}` | {} | {} |",
            instrument.name(),
            instrument.kind(),
            instrument.unit(),
            labels.join(", "),
            instrument.description(),
        )
        .unwrap();
    }
    table.push('\n');
    table
}

fn labelled(instrument: &Instrument, label: &str) -> String {
    let values = instrument.values(label);
    if values.is_empty() {
        format!("`{label}`: ..")
    } else {
        format!("`{label}`: {}", values.join(" / "))
    }
}

#[test]
fn page_documents_each_instrument() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_METRICS").is_some() {
        fs::write(PAGE, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
    } else {
        assert_eq!(found, table(), "`UPDATE_METRICS=1` writes the table");
    }
}

/// The name of an instrument in the exporter's form.
pub(crate) fn exported(instrument: &Instrument) -> String {
    let mut name = instrument.name().replace('.', "_");
    if instrument.unit() == "s" {
        name.push_str("_seconds");
    }
    if instrument.kind() == InstrumentKind::Counter {
        name.push_str("_total");
    }
    name
}

/// Each kind of source has something to show.
#[test]
fn scrape_has_each_instrument_with_its_labels_and_no_other() {
    Scope::new().run(|| {
        circuit_breakers()
            .get_or_create("db", |b| b.timed(true))
            .unwrap();
        RetryBudget::builder().name("shared").build().unwrap();
        let _ = Hedge::builder("search").quantile(0.9).build().unwrap();
        Bulkhead::builder("reports")
            .max_wait(Duration::from_secs(1))
            .timed(true)
            .build_shared()
            .unwrap();
        let _ = Timeout::builder("fetch")
            .limit(Duration::from_secs(1))
            .timed(true)
            .build()
            .unwrap();
        RateLimiter::builder("search")
            .rate("1/s")
            .max_wait(Duration::from_secs(1))
            .timed(true)
            .build_shared()
            .unwrap();
        let retry = Retry::builder()
            .name("fetch")
            .max_retries(0)
            .timed(true)
            .build()
            .unwrap();
        retry.call(|| Err::<(), _>("busy")).unwrap_err();
        report(&AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"));
        let ops = CallbackChannel::new("ops", |_| Ok(()));
        let config = AlertsConfig::builder().channel(ops).background(false);
        let _alerts = Alerts::start(config.build().unwrap()).unwrap();
        health().register_check("disk", || true).unwrap();
        let page = scrape();

        let of_exporter: BTreeSet<_> = page.types.keys().cloned().collect();
        // A test scope has no fleet: see the tests of its series.
        let of_scopes = instruments()
            .iter()
            .filter(|it| !it.name().starts_with("gardefou.state_store."));
        let of_catalogue: BTreeSet<_> = of_scopes.clone().map(exported).collect();
        assert_eq!(of_exporter, of_catalogue);
        for instrument in of_scopes {
            let name = exported(instrument);
            let expected = match instrument.kind() {
                InstrumentKind::Counter => "counter",
                _ => "gauge",
            };
            assert_eq!(page.types[&name], expected, "{name}");
            assert_eq!(page.help[&name], instrument.description());
            let mut values = vec![BTreeSet::new(); instrument.labels().len()];
            for series in page.of(&name) {
                let labels = series[name.len()..].trim_matches(['{', '}']);
                let pairs: Vec<(&str, &str)> = (labels.split(',').filter(|it| !it.is_empty()))
                    .map(|pair| pair.split_once('=').unwrap())
                    .collect();
                let keys: Vec<String> = pairs.iter().map(|pair| pair.0.to_owned()).collect();
                let documented = instrument
                    .labels()
                    .into_iter()
                    .map(|key| key.replace('.', "_"));
                assert_eq!(keys, documented.collect::<Vec<_>>(), "{series}");
                for (values, (_, value)) in values.iter_mut().zip(pairs) {
                    values.insert(value.trim_matches('"').to_owned());
                }
            }
            assert!(!page.of(&name).is_empty(), "{name} has no series");
            for (label, found) in instrument.labels().into_iter().zip(values) {
                let closed = instrument.values(label);
                if !closed.is_empty() {
                    assert_eq!(
                        found,
                        closed.iter().map(|it| (*it).to_owned()).collect(),
                        "{name} {label}"
                    );
                }
            }
        }
    });
}

//! Values of the store of a fleet, as Prometheus gets them.

use super::{
    catalogue::exported,
    support::{exporter, scrape, scrape_into},
};
use gardefou::{
    ErrorSystem, ErrorSystemGuard, circuit_breakers,
    fleet::Fleet,
    telemetry::{InstrumentKind, instruments},
};
use gardefou_tests::testkit::{child::in_own_process, store::LosableStore, wait::eventually};

const PREFIX: &str = "gardefou_state_store_";

fn start(store: &LosableStore) -> ErrorSystemGuard {
    let fleet = Fleet::builder("checkout").store(store.clone());
    ErrorSystem::builder().fleet(fleet).init().unwrap()
}

#[test]
fn every_series_of_a_fleet_is_there_from_its_start_to_its_end() {
    in_own_process(|| {
        let store = LosableStore::default();
        assert!(scrape().with_label(PREFIX).is_empty(), "no fleet");
        let system = start(&store);
        let page = scrape();
        let present: Vec<_> = page
            .with_label(PREFIX)
            .into_iter()
            .map(|series| (series[PREFIX.len()..].to_owned(), page.value(series)))
            .collect();
        let expected = [
            ("breakers", 0.),
            ("healthy", 1.),
            ("leases_total", 0.),
            (r#"operations_total{outcome="failure"}"#, 0.),
            (r#"operations_total{outcome="success"}"#, 0.),
            ("updates_total", 0.),
        ];
        assert_eq!(
            present,
            expected.map(|(name, value)| (name.to_owned(), value))
        );
        let of_fleets = instruments()
            .iter()
            .filter(|it| it.name().starts_with("gardefou.state_store."));
        for instrument in of_fleets {
            let name = exported(instrument);
            let kind = match instrument.kind() {
                InstrumentKind::Counter => "counter",
                _ => "gauge",
            };
            assert_eq!(page.types[&name], kind, "{name}");
            assert_eq!(page.help[&name], instrument.description());
        }
        system.shutdown();
        let page = scrape();
        let zeros = page.with_label(PREFIX);
        assert!(zeros.iter().all(|series| page.value(series) == 0.));
        assert!(zeros.len() <= 2, "gauges, once: {zeros:?}");
        assert!(scrape().with_label(PREFIX).is_empty(), "it has ended");
    });
}

#[test]
fn series_follow_the_store_and_go_on_with_the_next_fleet() {
    in_own_process(|| {
        let store = LosableStore::default();
        let recorder = exporter();
        let value = |series: &str| scrape_into(&recorder).value(&format!("{PREFIX}{series}"));
        let (success, failure) = (
            r#"operations_total{outcome="success"}"#,
            r#"operations_total{outcome="failure"}"#,
        );
        let system = start(&store);
        let breaker = circuit_breakers()
            .get_or_create("payments", |code| code.shared(true))
            .unwrap();
        eventually(|| value("breakers"), |joined| *joined == 1.);
        for _ in 0..5 {
            breaker.try_acquire().unwrap().failure();
        }
        eventually(|| value("updates_total"), |updates| *updates == 1.);
        assert!(value(success) >= 1.);
        assert_eq!((value(failure), value("healthy")), (0., 1.));
        store.lose(true);
        eventually(|| value("healthy"), |healthy| *healthy == 0.);
        assert!(value(failure) >= 1.);
        store.lose(false);
        eventually(|| value("healthy"), |healthy| *healthy == 1.);
        let before = (value(success), value(failure));
        system.shutdown();
        let _next = start(&store);
        eventually(|| value("breakers"), |joined| *joined == 1.);
        eventually(|| value(success), |now| *now > before.0);
        assert!(value(failure) >= before.1);
    });
}

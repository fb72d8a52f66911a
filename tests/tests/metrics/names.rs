//! Values of labels: redacted and bounded.

use super::support::{Page, exporter, scrape, scrape_into};
use gardefou::{circuit_breakers, health::CheckResult, telemetry::limit_names, testing::Scope};
use std::sync::Mutex;

/// The limit is one for the process.
static LIMIT: Mutex<()> = Mutex::new(());

fn names(page: &Page) -> usize {
    let state = |it: &&String| {
        it.starts_with("gardefou_circuit_breaker_slow_calls") && it.contains("customer-")
    };
    page.series.keys().filter(state).count()
}

#[test]
fn names_beyond_the_limit_share_one_series() {
    let _limit = LIMIT.lock().unwrap();
    Scope::new().run(|| {
        let recorder = exporter();
        for customer in 0..300 {
            let breaker = circuit_breakers().get_or_create(&format!("customer-{customer}"), |b| b);
            breaker.unwrap().try_acquire().unwrap().success();
        }
        let page = scrape_into(&recorder);
        assert!((150..=200).contains(&names(&page)), "{}", names(&page));
        let success = r#"outcome="success""#;
        let sum: f64 = (page.with_label(success).into_iter())
            .filter(|it| it.starts_with("gardefou_circuit_breaker_calls_total"))
            .map(|it| page.value(it))
            .sum();
        assert_eq!(sum, 300., "none is lost");
        assert!(
            page.value(r#"gardefou_circuit_breaker_calls_total{name="_OTHER",outcome="success"}"#)
                >= 100.
        );
        // Who has a series keeps it.
        let before: Vec<String> = page.with_label("customer-").into_iter().cloned().collect();
        let after = scrape();
        assert_eq!(
            after.with_label("customer-"),
            before.iter().collect::<Vec<_>>()
        );
        limit_names(1_000);
        assert_eq!(names(&scrape()), 300);
        limit_names(200);
        assert_eq!(names(&scrape()), 300, "a lower limit takes none away");
    });
}

/// The settings of the system, and so its start, belong to the process.
#[cfg(feature = "config")]
#[test]
fn configuration_file_raises_the_limit_while_the_system_is_up() {
    use gardefou::ErrorSystem;

    let _limit = LIMIT.lock().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gardefou.toml");
    let write = |text: &str| std::fs::write(&path, text).unwrap();
    let made = |customers: std::ops::Range<u32>| {
        Scope::new().run(|| {
            for customer in customers {
                let name = format!("customer-{customer}");
                circuit_breakers().get_or_create(&name, |b| b).unwrap();
            }
            names(&scrape())
        })
    };
    write("[telemetry]\nmax_names = 250");
    let system = ErrorSystem::builder().config_file(&path).init().unwrap();
    limit_names(100);
    assert!((200..=250).contains(&made(0..300)));
    write("[telemetry]\nmax_names = 300");
    assert!(system.reload().unwrap().at_restart.is_empty());
    assert_eq!(made(0..290), 290);
    write("");
    system.reload().unwrap();
    assert!(made(0..290) <= 100, "the limit of the code again");
    limit_names(200);
}

#[test]
fn no_secret_is_shown() {
    let _limit = LIMIT.lock().unwrap();
    let scope = Scope::new();
    scope.run(|| {
        let secret = "postgres://admin:hunter2-correct-horse@db/orders";
        let token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
        circuit_breakers().get_or_create(secret, |b| b).unwrap();
        let tenants = circuit_breakers()
            .get_or_create_keyed("tenants", |b| b)
            .unwrap();
        tenants.get(token).try_acquire().unwrap().success();
        scope
            .health()
            .register_check(token, CheckResult::pass)
            .unwrap();
        let recorder = exporter();
        metrics::with_local_recorder(&recorder, gardefou::integrations::metrics::publish);
        let page = recorder.handle().render();
        assert!(page.contains(r#"name="tenants""#));
        assert!(!page.contains("hunter2") && !page.contains(token), "{page}");
    });
}

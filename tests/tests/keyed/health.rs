//! Breakers by key in health reports.

use gardefou::{
    circuit_breakers,
    health::{Criticality, Probes, ShowDetails, Status, builtin::BreakerGroup},
    testing::Scope,
};
use serde_json::Value;

#[test]
fn all_keys_have_one_entry() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let keyed = circuit_breakers()
        .get_or_create_keyed("tenants", |b| b)
        .unwrap();
    (0..300).for_each(|key| drop(keyed.get(&key)));
    let entry = || {
        let report = scope.health().health_status();
        let names: Vec<_> = report
            .checks()
            .iter()
            .map(|check| check.name.clone())
            .collect();
        assert_eq!(
            names.iter().filter(|name| name.contains("tenants")).count(),
            1,
            "{names:?}"
        );
        let listed = report.check("breaker:tenants").unwrap().clone();
        let probes = Probes::new(scope.health().clone()).show_details(ShowDetails::Always);
        let answer = probes.respond("GET", "/healthz/breaker:tenants?verbose", true);
        let body: Value = serde_json::from_str(answer.body()).unwrap();
        let alone = &body;
        assert_eq!(alone["status"], listed.status.name(), "{body}");
        assert_eq!(alone["output"].as_str(), listed.output.as_deref());
        listed
    };
    let pass = entry();
    assert_eq!(
        (pass.status, pass.details["keys"].as_u64()),
        (Status::Pass, Some(300))
    );
    (0..3).for_each(|key| keyed.get(&key).force_open());
    scope
        .health()
        .set_breaker_criticality("tenants", Criticality::Critical);
    let warn = entry();
    assert_eq!(
        (warn.status, warn.details["openKeys"].as_u64()),
        (Status::Warn, Some(3))
    );
    assert_eq!(
        warn.output.as_deref(),
        Some("the circuits of 3 of 300 keys are not closed")
    );
    keyed
        .guards()
        .iter()
        .for_each(gardefou::breaker::CircuitBreaker::force_open);
    assert_eq!(entry().status, Status::Fail);
    // A breaker of the same name without keys has the same entry.
    let plain = circuit_breakers().get_or_create("tenants", |b| b).unwrap();
    assert_eq!(entry().status, Status::Fail);
    keyed.reset_all();
    assert_eq!(entry().status, Status::Pass);
    plain.force_open();
    assert_eq!(entry().status, Status::Fail);
}

#[test]
fn group_of_breakers_counts_keys_as_open_where_none_is_closed() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let keyed = circuit_breakers()
        .get_or_create_keyed("hosts", |b| b)
        .unwrap();
    scope
        .health()
        .register(BreakerGroup::new("upstream", ["hosts"]).check())
        .unwrap();
    let status = || scope.health().run_check("upstream").unwrap().status;
    assert_eq!(status(), Status::Pass);
    keyed.get("a").force_open();
    let _ = keyed.get("b");
    assert_eq!(status(), Status::Pass);
    keyed.get("b").force_open();
    assert_eq!(status(), Status::Fail);
}

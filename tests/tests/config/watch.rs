//! Files that are read again when they change.

use gardefou::{
    ErrorSystem, circuit_breakers,
    event::{AuditOutcome, Event},
};
use gardefou_tests::testkit::{child::in_own_process, events::collect, wait::eventually};
use std::{fs, path::Path};

fn write(path: &Path, threshold: &str) {
    fs::write(
        path,
        format!("[breaker.a]\nfailure_threshold = {threshold}"),
    )
    .unwrap();
}

#[test]
fn file_that_changes_is_read_again_and_a_wrong_one_is_reported_once() {
    in_own_process(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gardefou.toml");
        write(&path, "3");
        let builder = ErrorSystem::builder().config_file(&path).watch_config(true);
        let system = builder.init().unwrap();
        assert!(system.warnings().is_empty(), "{:?}", system.warnings());
        let breaker = circuit_breakers().get_or_create("a", |code| code).unwrap();
        let threshold = || breaker.config().failure_threshold.unwrap();
        let audits = collect(|event: &Event<'_>| match event {
            Event::Audit(audit) => Some(audit.outcome),
            _ => None,
        });
        assert_eq!(threshold(), 3);

        write(&path, "4");
        eventually(threshold, |threshold| *threshold == 4);

        write(&path, "0");
        eventually(|| audits.all(), |all| all.contains(&AuditOutcome::Failed));
        assert_eq!(threshold(), 4);

        // As editors save a file.
        let other = folder.path().join("other.toml");
        write(&other, "5");
        fs::rename(&other, &path).unwrap();
        eventually(threshold, |threshold| *threshold == 5);
        let expected = [
            AuditOutcome::Succeeded,
            AuditOutcome::Failed,
            AuditOutcome::Succeeded,
        ];
        eventually(|| audits.all(), |all| *all == expected);
        drop(system);
    });
}

#[cfg(unix)]
#[test]
fn file_behind_a_link_that_changes_is_read_again() {
    in_own_process(|| {
        // As an orchestrator mounts a configuration.
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (version, threshold) in [("v1", "3"), ("v2", "8")] {
            fs::create_dir(at(version)).unwrap();
            write(&at(version).join("gardefou.toml"), threshold);
        }
        std::os::unix::fs::symlink("v1", at("..data")).unwrap();
        std::os::unix::fs::symlink("..data/gardefou.toml", at("gardefou.toml")).unwrap();
        let builder = ErrorSystem::builder().config_file(at("gardefou.toml"));
        let _system = builder.watch_config(true).init().unwrap();
        let breaker = circuit_breakers().get_or_create("a", |code| code).unwrap();
        let threshold = || breaker.config().failure_threshold.unwrap();
        assert_eq!(threshold(), 3);
        std::os::unix::fs::symlink("v2", at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
        eventually(threshold, |threshold| *threshold == 8);
    });
}

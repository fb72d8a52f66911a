//! Breakers that a configuration makes members of the fleet, while it runs.

use gardefou::{
    ErrorSystem, ErrorSystemGuard,
    breaker::{BreakerConfig, CircuitBreaker, CircuitState, StoreLoss, TransitionReason},
    circuit_breakers,
    fleet::{self, Action, Fleet, Operation, Reply, Report, Rule, SharedPhase, Store},
    system::ConfigFile,
    testing::Scope,
    time::ManualClock,
};
use gardefou_tests::testkit::{child::in_own_process, store::LosableStore, wait::eventually};
use std::{ffi::OsString, fs, path::PathBuf, thread, time::Duration};
use tempfile::TempDir;

/// Runs an action of another instance on the store, and returns its reply.
fn run_as_another(store: &LosableStore, breaker: &str, action: Action) -> Reply {
    let operation = Operation {
        fleet: "checkout".into(),
        breaker: breaker.into(),
        instance: "another".into(),
        longest_open: Duration::from_secs(3600),
        lease_time: Duration::from_secs(5),
        action,
    };
    store.memory.run(&[operation]).remove(0).unwrap()
}

/// Lets another instance open a circuit of the fleet for half an hour.
fn open(store: &LosableStore, breaker: &str) {
    let report = Report {
        success: 0,
        failure: 5,
        slow: 0,
        row: 5,
        rule: Rule::of(&BreakerConfig::default()),
        open_for: Duration::from_secs(1800),
    };
    let reply = run_as_another(store, breaker, Action::Report(report));
    assert!(reply.has_changed, "{breaker}");
}

fn is_open(store: &LosableStore, breaker: &str) -> bool {
    let reply = run_as_another(store, breaker, Action::Read);
    reply.state.phase != SharedPhase::Closed
}

/// A program with a fleet and a configuration file.
struct Program {
    store: LosableStore,
    file: PathBuf,
    system: ErrorSystemGuard,
    _folder: TempDir,
}

impl Program {
    fn start(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gardefou.toml");
        fs::write(&file, text).unwrap();
        let store = LosableStore::default();
        let system = ErrorSystem::builder()
            .config_file(&file)
            .fleet(Fleet::builder("checkout").store(store.clone()))
            .init()
            .unwrap();
        Self {
            store,
            file,
            system,
            _folder: folder,
        }
    }

    /// Returns how many guards, or names with guards by key, have other settings.
    fn reload(&self, text: &str) -> usize {
        fs::write(&self.file, text).unwrap();
        self.system.reload().unwrap().guards
    }
}

fn plain(name: &str) -> CircuitBreaker {
    circuit_breakers().get_or_create(name, |code| code).unwrap()
}

fn becomes(breaker: &CircuitBreaker, state: CircuitState) {
    eventually(|| breaker.state(), |now| *now == state);
}

fn has_joined(breakers: usize) {
    let joined = || fleet::status().unwrap().breakers;
    eventually(joined, |joined| *joined == breakers);
}

fn fail(breaker: &CircuitBreaker) {
    for _ in 0..5 {
        breaker.try_acquire().unwrap().failure();
    }
}

#[test]
fn breaker_in_use_joins_and_leaves_the_running_fleet_at_a_reload() {
    in_own_process(|| {
        let program = Program::start("[breaker.canary]\nshared = true");
        let store = &program.store;
        let (canary, payments, search) = (plain("canary"), plain("payments"), plain("search"));
        has_joined(1);
        let shared = "[breaker.\"*\"]\nshared = true";
        assert_eq!(program.reload(shared), 2);
        has_joined(3);
        open(store, "payments");
        becomes(&payments, CircuitState::Open);
        assert!(payments.state_changes().last().unwrap().reason == TransitionReason::Fleet);

        let alone = "[breaker.canary]\nshared = true";
        assert_eq!(program.reload(alone), 2);
        has_joined(1);
        assert_eq!(payments.state(), CircuitState::Open, "the state is kept");
        assert!(!payments.config().shared);
        // Updates come in their order.
        open(store, "search");
        open(store, "canary");
        becomes(&canary, CircuitState::Open);
        assert_eq!(search.state(), CircuitState::Closed);

        assert_eq!(program.reload(shared), 2);
        becomes(&search, CircuitState::Open);
        has_joined(3);
        let inventory = plain("inventory");
        has_joined(4);
        fail(&inventory);
        eventually(|| is_open(store, "inventory"), |open| *open);
    });
}

#[test]
fn breaker_that_left_sends_nothing_and_probes_without_a_lease() {
    in_own_process(|| {
        let program = Program::start("[breaker.search]\nshared = true");
        let clock = ManualClock::new();
        let search = circuit_breakers()
            .get_or_create("search", |code| code.clock(clock.clone()))
            .unwrap();
        has_joined(1);
        assert_eq!(program.reload(""), 1);
        has_joined(0);
        let canary = circuit_breakers()
            .get_or_create("canary", |code| code.shared(true))
            .unwrap();
        fail(&search);
        fail(&canary);
        eventually(|| is_open(&program.store, "canary"), |open| *open);
        assert!(!is_open(&program.store, "search"));
        clock.advance(Duration::from_secs(60));
        search.try_acquire().expect("a probe").success();
        assert_eq!(search.state(), CircuitState::Closed);
    });
}

#[test]
fn store_loss_follows_a_reload_while_the_store_is_lost() {
    in_own_process(|| {
        let text = |loss: &str| format!("[breaker.transfers]\non_store_loss = \"{loss}\"");
        let program = Program::start(&text("local"));
        let transfers = circuit_breakers()
            .get_or_create("transfers", |code| {
                code.shared(true).on_store_loss(StoreLoss::Closed)
            })
            .unwrap();
        has_joined(1);
        program.store.lose(true);
        eventually(fleet::status, |status| {
            !status.as_ref().unwrap().is_healthy()
        });
        assert_eq!(transfers.state(), CircuitState::Closed);
        for (loss, state) in [
            ("open", CircuitState::Open),
            ("closed", CircuitState::Disabled),
            ("open", CircuitState::Open),
            ("closed", CircuitState::Disabled),
            ("local", CircuitState::Closed),
        ] {
            assert_eq!(program.reload(&text(loss)), 1);
            becomes(&transfers, state);
            assert_eq!(transfers.config().on_store_loss.name(), loss);
        }
        // Back to that of the code.
        assert_eq!(program.reload(""), 1);
        becomes(&transfers, CircuitState::Disabled);
        // A breaker that leaves has no store to lose.
        assert_eq!(program.reload("[breaker.transfers]\nshared = false"), 1);
        becomes(&transfers, CircuitState::Closed);
    });
}

#[test]
fn breakers_of_all_keys_join_and_leave() {
    in_own_process(|| {
        let program = Program::start("");
        let tenants = circuit_breakers()
            .get_or_create_keyed("tenants", |code| code)
            .unwrap();
        let acme = tenants.get("acme");
        program.reload("[breaker.tenants]\nshared = true");
        has_joined(1);
        let other = tenants.get("other");
        has_joined(2);
        open(&program.store, "tenants[acme]");
        becomes(&acme, CircuitState::Open);
        program.reload("");
        has_joined(0);
        open(&program.store, "tenants[other]");
        let later = tenants.get("later");
        assert!(!later.config().shared);
        assert_eq!(acme.state(), CircuitState::Open);
        assert_eq!(other.state(), CircuitState::Closed);
    });
}

#[test]
fn reloads_on_several_threads_leave_each_breaker_as_the_last_one_says() {
    in_own_process(|| {
        let program = Program::start("");
        let breakers: Vec<_> = (0..8).map(|n| plain(&format!("b{n}"))).collect();
        for round in 0..20 {
            thread::scope(|scope| {
                for shared in [true, false, true] {
                    let text = format!("[breaker.\"*\"]\nshared = {shared}");
                    let file = ConfigFile::parse("gardefou.toml", &text).unwrap();
                    scope.spawn(move || file.apply().unwrap());
                }
            });
            let shared = breakers[0].config().shared;
            let all_are = |breaker: &CircuitBreaker| breaker.config().shared == shared;
            assert!(breakers.iter().all(all_are), "round {round}");
            has_joined(if shared { breakers.len() } else { 0 });
        }
        drop(program);
    });
}

#[test]
fn file_and_environment_come_before_the_code() {
    for (code, file, variables, expected) in [
        (None, "", None, false),
        (Some(true), "", None, true),
        (None, "shared = true", None, true),
        (Some(true), "shared = false", None, false),
        (None, "shared = true", Some("false"), false),
        (Some(false), "shared = false", Some("true"), true),
    ] {
        let scope = Scope::new();
        let _entered = scope.enter();
        let text = format!("[breaker.payments]\n{file}");
        let name = "GARDEFOU_BREAKER__PAYMENTS__SHARED";
        let variables = variables.map(|value| (name.to_owned(), OsString::from(value)));
        let file = ConfigFile::parse("gardefou.toml", &text).unwrap();
        file.variables(variables).unwrap().apply().unwrap();
        let breaker = circuit_breakers()
            .get_or_create("payments", |builder| match code {
                Some(code) => builder.shared(code),
                None => builder,
            })
            .unwrap();
        assert_eq!(breaker.config().shared, expected, "{code:?} {text}");
    }
}

#[test]
fn breaker_that_a_file_does_not_share_loses_the_store_loss_of_its_code() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let breaker = circuit_breakers()
        .get_or_create("transfers", |code| {
            code.shared(true).on_store_loss(StoreLoss::Open)
        })
        .unwrap();
    let apply = |text: &str| {
        let file = ConfigFile::parse("gardefou.toml", text).unwrap();
        file.apply().map(|applied| applied.guards)
    };
    assert_eq!(apply("[breaker.transfers]\nshared = false").unwrap(), 1);
    let config = breaker.config();
    assert_eq!(
        (config.shared, config.on_store_loss),
        (false, StoreLoss::Local)
    );
    // One that no other section shares needs `shared` beside it.
    circuit_breakers()
        .get_or_create("alone", |code| code)
        .unwrap();
    let err = apply("[breaker.alone]\non_store_loss = \"closed\"").unwrap_err();
    assert!(err.to_string().contains("must come with `shared`"), "{err}");
    assert!(!breaker.config().shared, "nothing has changed");
}

//! Several reloads at the same time: what was read last stays.

use gardefou::{
    ErrorSystem,
    breaker::{CircuitBreaker, CircuitState},
    circuit_breakers,
    event::{self, AuditOutcome, Event},
    system::ConfigFile,
    testing::Scope,
    time::{Clock, ManualClock, Tick},
};
use gardefou_tests::testkit::child::in_own_process;
use std::{
    fmt, fs,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

/// A clock whose next reading runs something.
#[derive(Clone, Default)]
struct Tripwire(Arc<Mutex<Option<Run>>>, ManualClock);

type Run = Box<dyn FnOnce() + Send>;

impl Tripwire {
    fn set(&self, run: impl FnOnce() + Send + 'static) {
        *self.0.lock().unwrap() = Some(Box::new(run));
    }
}

impl fmt::Debug for Tripwire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tripwire")
    }
}

impl Clock for Tripwire {
    fn now(&self) -> Tick {
        let run = self.0.lock().unwrap().take();
        if let Some(run) = run {
            run();
        }
        self.1.now()
    }

    fn sleep(&self, duration: Duration) {
        self.1.sleep(duration);
    }
}

fn threshold(breaker: &CircuitBreaker) -> u32 {
    breaker.config().failure_threshold.unwrap()
}

fn parse(text: &str) -> ConfigFile {
    ConfigFile::parse("gardefou.toml", text).unwrap()
}

#[test]
fn change_that_began_later_stays_where_the_earlier_one_ends_after_it() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let clock = Tripwire::default();
    let breaker = circuit_breakers()
        .get_or_create("a", |code| code.clock(clock.clone()))
        .unwrap();
    // The clock is read while the change of the breaker is prepared.
    clock.set(|| {
        let later = parse("[breaker.a]\nfailure_threshold = 8\nstate = \"disabled\"").apply();
        assert_eq!(later.unwrap().guards, 1);
    });
    let earlier = parse("[breaker.a]\nfailure_threshold = 7\nstate = \"forced_open\"").apply();
    assert_eq!(earlier.unwrap().guards, 0);
    assert_eq!(
        (threshold(&breaker), breaker.state()),
        (8, CircuitState::Disabled)
    );
    let made_later = circuit_breakers().get_or_create("b", |code| code).unwrap();
    assert_eq!(threshold(&made_later), 5);
    assert_eq!(
        parse("[breaker.\"*\"]\nfailure_threshold = 7")
            .apply()
            .unwrap()
            .guards,
        2
    );
    assert_eq!(
        (threshold(&breaker), breaker.state()),
        (7, CircuitState::Closed)
    );
}

#[test]
fn change_within_an_observer_of_a_change_stays() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let breaker = circuit_breakers().get_or_create("a", |code| code).unwrap();
    let is_first = Mutex::new(true);
    let _subscription = event::subscribe(move |event: &Event<'_>| {
        if matches!(event, Event::Breaker(_)) && std::mem::take(&mut *is_first.lock().unwrap()) {
            parse("[breaker.a]\nstate = \"disabled\"").apply().unwrap();
        }
    });
    parse("[breaker.a]\nstate = \"forced_open\"")
        .apply()
        .unwrap();
    assert_eq!(breaker.state(), CircuitState::Disabled);
    parse("").apply().unwrap();
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[test]
fn reload_that_began_later_stays_in_force_and_is_what_the_next_one_is_compared_with() {
    in_own_process(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gardefou.toml");
        let write = |text: &str| fs::write(&path, text).unwrap();
        write("[breaker.a]\nfailure_threshold = 3");
        let audits = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&audits);
        let subscription = event::subscribe(move |event: &Event<'_>| {
            if let Event::Audit(audit) = event {
                seen.lock().unwrap().push(audit.outcome);
            }
        });
        static SYSTEM: OnceLock<gardefou::ErrorSystemGuard> = OnceLock::new();
        SYSTEM.get_or_init(|| ErrorSystem::builder().config_file(&path).init().unwrap());
        let system = SYSTEM.get().unwrap();
        let clock = Tripwire::default();
        let breaker = circuit_breakers()
            .get_or_create("a", |code| code.clock(clock.clone()))
            .unwrap();

        // Between the reading of the first reload and its end, another one reads another text.
        write("[breaker.a]\nfailure_threshold = 4");
        let file = path.clone();
        clock.set(move || {
            fs::write(&file, "[breaker.a]\nfailure_threshold = 5").unwrap();
            let later = std::thread::spawn(|| system.reload().unwrap())
                .join()
                .unwrap();
            assert!(later.changed && later.guards == 1);
        });
        let earlier = system.reload().unwrap();
        assert!(!earlier.changed);
        assert_eq!(threshold(&breaker), 5);
        assert!(
            !system.reload().unwrap().changed,
            "the text of the later one is held"
        );
        assert_eq!(*audits.lock().unwrap(), [AuditOutcome::Succeeded]);

        // Another one reads what is in force already: the first one is not to undo that either.
        write("[breaker.a]\nfailure_threshold = 6");
        let file = path.clone();
        clock.set(move || {
            fs::write(&file, "[breaker.a]\nfailure_threshold = 5").unwrap();
            assert!(!system.reload().unwrap().changed);
        });
        assert!(!system.reload().unwrap().changed);
        assert_eq!(threshold(&breaker), 5);

        // A later one that fails does not keep the earlier one from its end.
        write("[breaker.a]\nfailure_threshold = 7");
        let file = path.clone();
        clock.set(move || {
            fs::write(&file, "[breaker.a]\nfailure_threshold = 0").unwrap();
            assert!(system.reload().is_err());
        });
        assert!(system.reload().unwrap().changed);
        assert_eq!(threshold(&breaker), 7);
        drop(subscription);
    });
}

#[test]
fn what_the_file_has_in_the_end_is_in_force_whichever_thread_wrote_it() {
    in_own_process(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gardefou.toml");
        let text = |n: usize| {
            let state = ["", "state = \"forced_open\"", "state = \"disabled\""][n % 3];
            format!(
                "[health]\nperiod = {}\n[breaker.\"*\"]\nfailure_threshold = {}\n{state}",
                n % 20 + 1,
                n + 1
            )
        };
        fs::write(&path, text(0)).unwrap();
        let system = ErrorSystem::builder().config_file(&path).init().unwrap();
        let breakers: Vec<_> = (0..4)
            .map(|n| {
                circuit_breakers()
                    .get_or_create(&n.to_string(), |code| code)
                    .unwrap()
            })
            .collect();
        let tenants = circuit_breakers()
            .get_or_create_keyed("tenants", |code| code)
            .unwrap();
        drop((tenants.get("a"), tenants.get("b")));
        for round in 0..25 {
            std::thread::scope(|threads| {
                for thread in 0..4 {
                    let (path, folder, system, text) = (&path, folder.path(), &system, &text);
                    threads.spawn(move || {
                        for n in 0..4 {
                            // Replaced as a whole, as an orchestrator does it.
                            let new = folder.join(format!("new-{thread}"));
                            fs::write(&new, text(round * 16 + thread * 4 + n)).unwrap();
                            fs::rename(&new, path).unwrap();
                            system.reload().unwrap();
                        }
                    });
                }
            });
            let last = fs::read_to_string(&path).unwrap();
            let n = (0..400).find(|n| text(*n) == last).unwrap();
            let state = [
                CircuitState::Closed,
                CircuitState::ForcedOpen,
                CircuitState::Disabled,
            ][n % 3];
            for breaker in breakers.iter().chain(&tenants.guards()) {
                let found = (threshold(breaker), breaker.state());
                assert_eq!(found, (n as u32 + 1, state), "round {round}");
            }
            let period = gardefou::health::health().config();
            assert!(
                format!("{period:?}").contains(&format!("period: {}s,", n % 20 + 1)),
                "{period:?}"
            );
            assert!(!system.reload().unwrap().changed, "round {round}");
        }
    });
}

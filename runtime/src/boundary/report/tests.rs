use super::*;
use crate::event::names;
use std::{
    collections::BTreeMap,
    fmt, io,
    sync::{Arc, Mutex, Once, PoisonError},
};
use tracing::{
    Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

type Fields = BTreeMap<String, String>;

/// Keeps the fields of each event under `gardefou::error`.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<Fields>>>);

impl Subscriber for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == names::TARGET_ERROR
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = FieldTexts(Fields::new());
        event.record(&mut fields);
        fields.0.insert("level".into(), event.metadata().level().to_string());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fields.0);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct FieldTexts(Fields);

impl Visit for FieldTexts {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().into(), format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }
}

const OP: Operation<'static> = Operation::new("save", "app::store", "src/store.rs", 12);

fn logged(run: impl FnOnce()) -> Vec<Fields> {
    // Whether a log line is wanted is kept from the first time that any thread comes by it, and other tests have no
    // subscriber: so each line is met once before it is counted on.
    static MET: Once = Once::new();
    MET.call_once(|| {
        tracing::subscriber::with_default(Capture::default(), || {
            for level in [LogLevel::Trace, LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error] {
                let err = AppError::new(ErrorCode::UNKNOWN_ERROR, "met");
                let _ = Report::new(ErrorRef::App(&err), &OP, Entry::function()).level(level).send();
            }
        });
    });
    let capture = Capture::default();
    tracing::subscriber::with_default(capture.clone(), || {
        tracing::callsite::rebuild_interest_cache();
        run();
    });
    let fields = capture.0.lock().unwrap_or_else(PoisonError::into_inner);
    fields.clone()
}

fn send(error: ErrorRef<'_>, entry: Entry) -> bool {
    Report::new(error, &OP, entry).send()
}

#[derive(Debug, thiserror::Error)]
#[error("disk {0}")]
struct Disk(u8);

#[derive(Debug, thiserror::Error)]
#[error("store")]
struct Store(#[from] Disk);

#[test]
fn an_error_is_logged_with_every_field_of_the_catalogue() {
    use names::field::*;
    let lines = logged(|| {
        let err = AppError::from(Store(Disk(7))).or_code(ErrorCode::DB_WRITE_ERROR).with_detail("table", "clips");
        let _ = Report::new(ErrorRef::App(&err), &OP, Entry::function()).level(LogLevel::Critical).send();
    });
    let [line] = &lines[..] else { panic!("{lines:?}") };
    let expected = [
        (ERROR_CODE, "302"),
        (ERROR_CODE_NAME, "DB_WRITE_ERROR"),
        (ERROR_CHAIN, "disk 7"),
        (ERROR_DETAILS, r#"{"table":"clips"}"#),
        (SEVERITY, "critical"),
        (OPERATION, "save"),
        (COMPONENT, "app::store"),
        (FILE, "src/store.rs"),
        (LINE, "12"),
        (MESSAGE, "store"),
        ("level", "ERROR"),
    ];
    for (name, value) in expected {
        assert_eq!(line.get(name).map(String::as_str), Some(value), "{name} in {line:?}");
    }
    assert_eq!(line[ERROR_ID].len(), 36);
    assert!(line[ERROR_LOCATION].contains("tests.rs:"), "{line:?}");
    assert!(!line.contains_key(DURATION), "no clock is read while debug is off: {line:?}");
}

#[test]
fn an_app_error_is_reported_once_whatever_it_travels_in() {
    let err = AppError::new(ErrorCode::SYNC_ERROR, "late");
    assert!(send(ErrorRef::App(&err), Entry::function()));
    assert!(!send(ErrorRef::App(&err), Entry::function()));
    let wrapped = err.wrap(ErrorCode::CONFIG_ERROR, "outer");
    assert!(!send(ErrorRef::App(&wrapped), Entry::function()));
    let in_io = io::Error::other(wrapped);
    assert!(!send(ErrorRef::Std(&in_io), Entry::function()));
    let sourced = AppError::new(ErrorCode::CONFIG_ERROR, "outermost").with_source(in_io);
    assert!(!send(ErrorRef::App(&sourced), Entry::function()));
}

#[test]
fn an_app_error_inside_a_foreign_one_is_marked_with_it() {
    let foreign = io::Error::other(AppError::new(ErrorCode::SYNC_ERROR, "marked with its carrier"));
    assert!(send(ErrorRef::Std(&foreign), Entry::function()));
    let inner = AppError::from_boxed(foreign.into_inner().unwrap());
    assert!(!send(ErrorRef::App(&inner), Entry::function()));
}

#[test]
fn a_foreign_error_is_reported_once_by_nested_boundaries() {
    let outer = Entry::function();
    let inner = Entry::function();
    assert!(send(ErrorRef::Std(&Disk(1)), inner));
    assert!(!send(ErrorRef::Std(&Disk(1)), outer), "the same error on its way out");
    assert!(!send(ErrorRef::Std(&Store(Disk(1))), outer), "wrapped by a source");
    assert!(!send(ErrorRef::App(&AppError::from(Disk(1))), outer), "converted by `?`");
}

#[test]
fn an_equal_foreign_error_of_a_later_run_is_another() {
    let outer = Entry::function();
    assert!(send(ErrorRef::Std(&Disk(2)), Entry::function()));
    assert!(send(ErrorRef::Std(&Disk(2)), Entry::function()), "the second call entered after the first report");
    assert!(send(ErrorRef::Std(&Disk(3)), outer), "another text");
    let outer = Entry::function();
    assert!(send(ErrorRef::Std(&Disk(2)), Entry::function()));
    swallowed();
    assert!(send(ErrorRef::Std(&Disk(2)), outer), "the first was swallowed on the way");
}

#[test]
fn an_error_of_which_only_a_debug_form_is_known_is_found_by_identity() {
    #[derive(Debug)]
    enum Mine {
        App(#[expect(dead_code, reason = "seen through Debug alone")] AppError),
    }
    let outer = Entry::function();
    let err = AppError::new(ErrorCode::SYNC_ERROR, "in an enum");
    assert!(send(ErrorRef::App(&err), Entry::function()));
    assert!(!send(ErrorRef::Debug(&Mine::App(err)), outer));
}

#[test]
fn the_level_is_kept_and_no_text_forges_a_line() {
    struct Loud;
    impl fmt::Display for Loud {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a\nforged line")
        }
    }
    let lines = logged(|| {
        let _ = send(ErrorRef::Display(&Loud), Entry::function());
        let _ = Report::new(ErrorRef::Opaque("T"), &OP, Entry::function()).level(LogLevel::Warn).send();
    });
    let seen: Vec<_> = lines.iter().map(|line| (line["level"].as_str(), line["message"].as_str())).collect();
    assert_eq!(seen, [("ERROR", "a\\nforged line"), ("WARN", "an error of type T")]);
}

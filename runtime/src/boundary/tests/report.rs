//! Each error is reported once.

use crate::{
    boundary::{
        Operation,
        report::{Recognised, Report, Then},
    },
    call::Frame,
    error::{AppError, ErrorCode, ErrorId, ErrorRef, View},
    event::{LogLevel, names},
};
use std::{
    collections::BTreeMap,
    error::Error,
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
        fields
            .0
            .insert("level".into(), event.metadata().level().to_string());
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fields.0);
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
    // Whether a log line is wanted is kept from the first time that any thread comes by it, and
    // other tests have no subscriber: so each line is met once before it is counted on.
    static MET: Once = Once::new();
    MET.call_once(|| {
        tracing::subscriber::with_default(Capture::default(), || {
            for level in [
                LogLevel::Trace,
                LogLevel::Debug,
                LogLevel::Info,
                LogLevel::Warn,
                LogLevel::Error,
            ] {
                let err = AppError::new(ErrorCode::UNKNOWN_ERROR, "met");
                report(View::from_app(&err), level);
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

fn report(view: View<'_>, level: LogLevel) {
    let report = Report::new(view, &OP).level(level);
    report.send(Recognised::default(), Then::Ends);
}

/// Reports an error that leaves a frame, and returns the identity under which it is known.
fn leave(frame: &mut Frame, view: View<'_>) -> ErrorId {
    let recognised = Recognised::new(view, frame);
    Report::new(view, &OP).send(recognised, Then::Leaves)
}

/// How many lines a run logs.
fn lines(run: impl FnOnce()) -> usize {
    logged(run).len()
}

#[derive(Debug, thiserror::Error)]
#[error("disk {0}")]
struct Disk(u8);

#[derive(Debug, thiserror::Error)]
#[error("store")]
struct Store(#[from] Disk);

#[test]
fn error_is_logged_with_every_field_of_the_catalogue() {
    use names::field::*;
    let lines = logged(|| {
        let err = AppError::from(Store(Disk(7)))
            .or_code(ErrorCode::DB_WRITE_ERROR)
            .with_detail("table", "clips");
        report(View::from_app(&err), LogLevel::Critical);
    });
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
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
        assert_eq!(
            line.get(name).map(String::as_str),
            Some(value),
            "{name} in {line:?}"
        );
    }
    assert_eq!(line[ERROR_ID].len(), 36);
    assert!(
        line[ERROR_LOCATION].contains("tests/report.rs:"),
        "{line:?}"
    );
    assert!(
        !line.contains_key(DURATION),
        "no clock is read while debug is off: {line:?}"
    );
}

#[test]
fn app_error_is_reported_once_in_any_wrapper() {
    let err = AppError::new(ErrorCode::SYNC_ERROR, "late");
    assert_eq!(lines(|| report(View::from_app(&err), LogLevel::Error)), 1);
    assert_eq!(lines(|| report(View::from_app(&err), LogLevel::Error)), 0);
    let wrapped = err.wrap(ErrorCode::CONFIG_ERROR, "outer");
    assert_eq!(
        lines(|| report(View::from_app(&wrapped), LogLevel::Error)),
        0
    );
    let in_io = io::Error::other(wrapped);
    assert_eq!(lines(|| report(View::from_std(&in_io), LogLevel::Error)), 0);
    let sourced = AppError::new(ErrorCode::CONFIG_ERROR, "outermost").with_source(in_io);
    assert_eq!(
        lines(|| report(View::from_app(&sourced), LogLevel::Error)),
        0
    );
}

#[test]
fn app_error_inside_a_foreign_error_is_marked_with_it() {
    let foreign = io::Error::other(AppError::new(
        ErrorCode::SYNC_ERROR,
        "marked with its carrier",
    ));
    report(View::from_std(&foreign), LogLevel::Error);
    let inner = AppError::from_boxed(foreign.into_inner().unwrap());
    assert_eq!(lines(|| report(View::from_app(&inner), LogLevel::Error)), 0);
}

/// Leaves a frame by one error, and the frame around it by another.
fn nested(inner: View<'_>, outer: View<'_>) -> (usize, bool) {
    let mut ids = Vec::new();
    let lines = lines(|| {
        let mut around = Frame::new();
        {
            let _entered = around.enter();
            let mut frame = Frame::new();
            drop(frame.enter());
            ids.push(leave(&mut frame, inner));
        }
        ids.push(leave(&mut around, outer));
    });
    (lines, ids[0] == ids[1])
}

#[test]
fn foreign_error_is_reported_once_by_nested_frames_in_any_form() {
    let same = (1, true);
    let disk = &Disk(1);
    let disk = View::from_std(disk);
    assert_eq!(
        nested(disk, View::from_std(&Disk(1))),
        same,
        "the same type and text"
    );
    assert_eq!(
        nested(disk, View::from_std(&Store(Disk(1)))),
        same,
        "as a source"
    );
    assert_eq!(
        nested(disk, View::from_app(&AppError::from(Disk(1)))),
        same,
        "converted by `?`"
    );
    assert_eq!(nested(disk, View::from_any(&"disk 1")), same, "as its text");
    let holder = Some(Disk(1));
    assert_eq!(
        nested(
            disk,
            View::unmapped::<Option<Disk>>(ErrorRef::Debug(&holder))
        ),
        same,
        "inside of a debug form"
    );
}

#[test]
fn error_of_another_type_or_text_is_another_error() {
    let disk = View::from_std(&Disk(1));
    assert_eq!(nested(disk, View::from_std(&Disk(2))), (2, false));
    assert_eq!(
        nested(disk, View::from_std(&io::Error::other("disk 1"))),
        (2, false)
    );
    assert_eq!(
        nested(
            disk,
            View::unmapped::<Option<Disk>>(ErrorRef::Debug(&Some(Disk(12))))
        ),
        (2, false)
    );
}

#[test]
fn report_matches_at_most_one_leaving_error() {
    let lines = lines(|| {
        let mut around = Frame::new();
        let mut outermost = Frame::new();
        let _outermost = outermost.enter();
        {
            let _entered = around.enter();
            leave(&mut Frame::new(), View::from_std(&Disk(1)));
        }
        leave(&mut around, View::from_std(&Disk(1)));
        // Another frame beside, whose error is its own.
        leave(&mut Frame::new(), View::from_std(&Disk(1)));
    });
    assert_eq!(lines, 2);
}

#[test]
fn two_boxes_of_one_type_are_distinguished_by_address() {
    let [first, second]: [Box<dyn Error>; 2] = [Box::new(Disk(1)), Box::new(Disk(1))];
    assert_eq!(
        nested(View::from_any(&first), View::from_any(&first)),
        (1, true)
    );
    assert_eq!(
        nested(View::from_any(&first), View::from_any(&second)),
        (2, false)
    );
}

#[test]
fn error_with_only_a_debug_form_is_recognised_by_identity() {
    #[derive(Debug)]
    enum Mine {
        App(#[expect(dead_code, reason = "read through Debug alone")] AppError),
    }
    let mut around = Frame::new();
    let lines = lines(|| {
        let err = AppError::new(ErrorCode::SYNC_ERROR, "in an enum");
        {
            let _entered = around.enter();
            leave(&mut Frame::new(), View::from_app(&err));
        }
        leave(
            &mut around,
            View::unmapped::<Mine>(ErrorRef::Debug(&Mine::App(err))),
        );
    });
    assert_eq!(lines, 1);
}

#[test]
fn level_is_kept_and_no_text_forges_a_line() {
    struct Loud;
    impl fmt::Display for Loud {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a\nforged line")
        }
    }
    let lines = logged(|| {
        report(
            View::unmapped::<Loud>(ErrorRef::Display(&Loud)),
            LogLevel::Error,
        );
        report(View::from_ref(ErrorRef::Opaque("T")), LogLevel::Warn);
    });
    let seen: Vec<_> = lines
        .iter()
        .map(|line| (line["level"].as_str(), line["message"].as_str()))
        .collect();
    assert_eq!(
        seen,
        [("ERROR", "a\\nforged line"), ("WARN", "an error of type T")]
    );
}

//! What the sinks of errors got.

use gardefou::{
    event::{Event, names, subscribe},
    monitor::{
        ErrorMonitor, MonitorConfig,
        journal::{FileJournal, JournalConfig},
    },
};
use std::{
    collections::BTreeMap,
    fmt, fs,
    path::Path,
    sync::{Arc, LazyLock, Mutex},
};
use tracing::{
    Dispatch, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::{Interest, with_default},
};

/// The fields of one log line.
pub(crate) type Line = BTreeMap<&'static str, String>;

/// Keeps the fields of each reported error that this thread logs at error.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Line>>>);

/// Runs something and returns the lines that it logged of errors.
pub(crate) fn logged(run: impl FnOnce()) -> Vec<Line> {
    // Where one subscriber alone is known, whichever thread meets a line first decides for all
    // whether it is wanted, and the other tests have no subscriber. With a second one that is
    // decided each time.
    static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Log::default()));
    let _ = &*SECOND;
    let log = Log::default();
    with_default(log.clone(), run);
    log.0.lock().unwrap().clone()
}

impl Subscriber for Log {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == names::TARGET_ERROR && *metadata.level() == Level::ERROR
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(Line::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Fields(Line);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

/// A monitor that receives only this thread's errors and keeps them in a folder, while something
/// runs.
pub(crate) fn monitored(folder: &Path, run: impl FnOnce()) -> ErrorMonitor {
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    let config = JournalConfig::builder(folder)
        .background(false)
        .build()
        .unwrap();
    monitor.set_journal(Arc::new(FileJournal::open(config)));
    let (ours, thread) = (monitor.clone(), std::thread::current().id());
    let _listening = subscribe(move |event: &Event<'_>| {
        if std::thread::current().id() == thread {
            gardefou::event::Observer::on_event(&ours, event);
        }
    });
    run();
    monitor
}

/// All that stands in the files of a folder, as it is on the disk.
pub(crate) fn bytes_in(folder: &Path) -> String {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| fs::read(entry.unwrap().path()).unwrap());
    String::from_utf8_lossy(&files.collect::<Vec<_>>().concat()).into_owned()
}

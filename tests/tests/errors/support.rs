//! What the sinks of errors got.

use gardefou::{
    event::{Event, names, subscribe},
    monitor::{ErrorMonitor, MonitorConfig},
    time::SystemClock,
};
use gardefou_tests::testkit::{
    journal::files,
    log::{Line, capture},
};
use std::{fs, path::Path};
use tracing::{Level, Metadata};

/// Runs something and returns the lines at level error that it logged of errors.
pub(crate) fn logged(run: impl FnOnce()) -> Vec<Line> {
    let of_errors =
        |line: &Metadata<'_>| line.target() == names::TARGET_ERROR && *line.level() == Level::ERROR;
    capture(of_errors, run).1
}

/// A monitor that receives only this thread's errors and keeps them in a folder, while something
/// runs.
pub(crate) fn monitored(folder: &Path, run: impl FnOnce()) -> ErrorMonitor {
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    monitor.set_journal(files(folder, SystemClock));
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

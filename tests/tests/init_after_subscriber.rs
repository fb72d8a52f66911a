//! Another crate set the subscriber of the process before the system starts; in a process of its
//! own, for it is set once.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use gardefou::{AppError, ErrorCode, init_error_system};
use std::{
    io,
    sync::{Arc, Mutex},
};

/// Where the other crate's subscriber writes.
#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl io::Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_system_starts_and_speaks_to_the_subscriber_that_is_there() {
    let text = Text::default();
    let sink = text.clone();
    let theirs = tracing_subscriber::fmt()
        .with_ansi(false)
        .without_time()
        .with_writer(move || sink.clone())
        .finish();
    tracing::subscriber::set_global_default(theirs).unwrap();

    let guard = init_error_system().unwrap();
    assert!(guard.warnings().is_empty());
    gardefou::report(&AppError::new(
        ErrorCode::SYNC_ERROR,
        "streams drifted apart",
    ));
    tracing::info!(target: "another_crate", "still heard");
    assert!(guard.shutdown().is_clean());
    assert!(init_error_system().is_ok(), "and once more");

    let text = String::from_utf8(text.0.lock().unwrap().clone()).unwrap();
    let places: Vec<_> = [
        "INFO gardefou::system: error system initialised",
        "ERROR gardefou::error: streams drifted apart",
        "INFO another_crate: still heard",
        "INFO gardefou::system: the error system was shut down",
    ]
    .iter()
    .map(|line| text.find(line))
    .collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{text}"
    );
    assert_eq!(text.matches("error system initialised").count(), 2);
}

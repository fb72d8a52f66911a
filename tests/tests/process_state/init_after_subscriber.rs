//! Another crate sets the subscriber of the process before the system starts.

use gardefou::{AppError, ErrorCode, init_error_system};
use gardefou_tests::testkit::{child::in_own_process, log::Text};

#[test]
fn system_logs_to_the_subscriber_of_another_crate() {
    in_own_process(|| {
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
        tracing::info!(target: "another_crate", "still logged");
        assert!(guard.shutdown().is_clean());
        assert!(init_error_system().is_ok(), "a second start");

        let text = text.get();
        let places: Vec<_> = [
            "INFO gardefou::system: error system initialised",
            "ERROR gardefou::error: streams drifted apart",
            "INFO another_crate: still logged",
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
    });
}

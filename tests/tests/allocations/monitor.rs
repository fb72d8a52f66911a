//! Memory of the monitor and of alerts after millions of errors.

use allocation_counter::measure;
use gardefou::{
    AppError, ErrorCode, ErrorSystem,
    alerts::{AlertsConfig, CallbackChannel},
    boundary::error_boundary,
    error_monitor,
};
use gardefou_tests::testkit::child::in_own_process;

const OPERATIONS: u64 = 5_000;
const MESSAGES: u64 = 100_000;
const LIMIT: u64 = 16 << 20;
const CODES: [ErrorCode; 3] = [
    ErrorCode::DB_CONNECTION_ERROR,
    ErrorCode::TIMEOUT_ERROR,
    ErrorCode::SYNC_ERROR,
];

/// Enough for each message to occur twice; `62-memory` of the CI steps runs ten million.
fn errors() -> u64 {
    let configured = std::env::var("GARDEFOU_TEST_ERRORS").ok();
    configured.map_or(2 * MESSAGES, |text| {
        text.parse().expect("GARDEFOU_TEST_ERRORS must be a number")
    })
}

fn fail(number: u64) {
    let operation = format!("operation {}", number % OPERATIONS);
    let code = CODES[(number % 3) as usize];
    let outcome = error_boundary(&operation, || {
        Err::<(), _>(AppError::new(
            code,
            format!("message {} of a long and varied kind", number % MESSAGES),
        ))
    });
    assert!(outcome.is_err());
}

/// The channel never delivers anything: waiting notifications take memory too.
#[test]
fn millions_of_errors_stay_under_16_mib_and_are_counted_exactly() {
    in_own_process(|| {
        let errors = errors();
        let channel = CallbackChannel::new("stuck", |_| Ok(()));
        let alerts = AlertsConfig::builder().channel(channel).background(false);
        let used = measure(|| {
            let guard = ErrorSystem::builder()
                .alerts(alerts.clone())
                .init()
                .expect("the settings are legal");
            (0..errors).for_each(fail);
            // The system is not shut down, so that its memory counts.
            std::mem::forget(guard);
        });
        assert!(
            used.bytes_max < LIMIT,
            "{} bytes at most for {errors} errors",
            used.bytes_max
        );
        // The counter works: the thousand rows of operations alone take as much.
        assert!(
            used.bytes_current > 512 * 1024,
            "{} bytes",
            used.bytes_current
        );

        let snapshot = error_monitor().snapshot();
        assert_eq!(snapshot.total_errors, errors);
        let of_code = |rest: u64| errors / 3 + u64::from(rest < errors % 3);
        let mut codes: Vec<_> = snapshot
            .codes
            .iter()
            .map(|code| (code.name.as_str(), code.count))
            .collect();
        codes.sort_unstable();
        let mut expected: Vec<_> = (0..3)
            .zip(CODES)
            .map(|(rest, code)| (code.name(), of_code(rest)))
            .collect();
        expected.sort_unstable();
        assert_eq!(codes, expected);
        let operations: u64 = snapshot
            .operations
            .iter()
            .map(|operation| operation.count)
            .sum();
        let groups: u64 = snapshot.groups.iter().map(|group| group.count).sum();
        assert_eq!((operations, groups), (errors, errors));
        assert_eq!(
            (snapshot.operations.len(), snapshot.groups.len()),
            (1001, 1001),
            "a thousand rows and `_OTHER`"
        );
        println!(
            "{errors} errors: {} KiB at most, {} KiB held",
            used.bytes_max / 1024,
            used.bytes_current / 1024
        );
    });
}

//! Each error is reported once.

use crate::support::{Observed, log_texts};
use gardefou::{
    AppError, ErrorCode, bail, boundary, enhanced_error_handling, error_boundary,
    transaction_boundary,
};
use std::{fmt, io};

#[test]
fn error_that_crosses_three_boundaries_is_reported_once_by_the_innermost() {
    let observed = Observed::on("once-three");
    let result = error_boundary!("once-three-c", {
        transaction_boundary!("once-three-b", |_tx| {
            error_boundary!("once-three-a", { "x".parse::<u8>()? })?
        })?
    });
    assert!(result.is_err());
    assert_eq!(observed.operations(), ["once-three-a"]);
}

#[test]
fn error_that_is_wrapped_is_reported_once() {
    use gardefou::ResultExt;
    #[derive(Debug)]
    struct Wrapper(AppError);
    impl fmt::Display for Wrapper {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("wrapped")
        }
    }
    impl std::error::Error for Wrapper {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&*self.0)
        }
    }
    fn fail() -> Result<u8, AppError> {
        error_boundary!("once-wrapped-inner", { "x".parse::<u8>()? })
    }
    let observed = Observed::on("once-wrapped");
    let _ = error_boundary!("once-wrapped-context", {
        fail().context(ErrorCode::CONFIG_ERROR, "no settings")?
    });
    let _ = error_boundary!("once-wrapped-io", { fail().map_err(io::Error::other)? });
    let _ = error_boundary!("once-wrapped-own", { fail().map_err(Wrapper)? });
    assert_eq!(observed.operations(), ["once-wrapped-inner"; 3]);
}

#[test]
fn repeated_failure_is_another_error() {
    let observed = Observed::on("once-again");
    let run = || error_boundary!("once-again", { "x".parse::<u8>()? }).is_err();
    let _ = error_boundary!("once-again-outer", { assert!(run() && run() && run()) });
    assert_eq!(observed.operations(), ["once-again"; 3]);
}

#[test]
fn equal_error_after_a_swallowed_one_is_reported() {
    let observed = Observed::on("once-swallowed");
    let result = error_boundary!("once-swallowed-outer", {
        let quiet = error_boundary!("once-swallowed-inner", rethrow = false, {
            "x".parse::<u8>()?
        });
        assert_eq!(quiet, None);
        "x".parse::<u8>()?
    });
    assert!(result.is_err());
    assert_eq!(
        observed.operations(),
        ["once-swallowed-inner", "once-swallowed-outer"]
    );
}

#[test]
fn report_by_hand_and_by_boundary_count_once() {
    let observed = Observed::on("once-hand");
    let monitor = gardefou::error_monitor();
    let err = boundary::error_boundary("once-hand", || "x".parse::<u8>()).unwrap_err();
    let count = |name: &str| {
        monitor
            .snapshot()
            .operations
            .iter()
            .find(|o| o.name == name)
            .map(|o| o.count)
    };
    assert_eq!(count("once-hand"), Some(1));
    gardefou::report(&err);
    gardefou::report(&err);
    assert_eq!(count("once-hand"), Some(1));
    assert_eq!(observed.errors().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn error_that_changes_threads_is_reported_once() {
    let observed = Observed::on("once-threads");
    let run = async || -> Result<(), AppError> {
        error_boundary!("once-threads-outer", {
            let inner = tokio::spawn(async {
                error_boundary!("once-threads-inner", { "x".parse::<u8>()? })
            });
            let joined = inner.await?;
            tokio::task::yield_now().await;
            joined?;
        })
    };
    assert!(run().await.is_err());
    assert_eq!(observed.operations(), ["once-threads-inner"]);
}

#[test]
fn event_text_is_redacted_and_on_one_line() {
    let lines = log_texts(tracing::Level::ERROR, || {
        let _: Result<(), _> = error_boundary!("once-secret", {
            bail!(
                ErrorCode::DB_CONNECTION_ERROR,
                "postgres://app:hunter2@db/x is down\nERROR forged"
            );
        });
    });
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert!(!line.contains("hunter2") && !line.contains('\n'), "{line}");
}

#[test]
fn place_inside_the_standard_library_is_replaced_by_that_of_the_boundary() {
    let parse = || "x".parse::<u8>();
    let line = line!() + 1;
    let err = error_boundary!("once-place", { parse().map_err(AppError::from)? }).unwrap_err();
    assert_eq!(
        (err.location().file(), err.location().line()),
        (file!(), line)
    );
    let body = || parse().map_err(AppError::from);
    let line = line!() + 1;
    let by_hand = boundary::error_boundary("once-place-by-hand", body);
    let err = by_hand.unwrap_err();
    assert_eq!(
        (err.location().file(), err.location().line()),
        (file!(), line)
    );
}

#[enhanced_error_handling]
fn converted() -> Result<u8, AppError> {
    "x".parse::<u8>().map_err(Into::into)
}

#[test]
fn place_inside_the_standard_library_is_replaced_by_that_of_the_attribute() {
    let err = converted().unwrap_err();
    assert_eq!(err.location().file(), file!());
}

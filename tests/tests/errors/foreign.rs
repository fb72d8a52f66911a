//! `AppError` through anyhow, eyre, boxes and `io::Error`, and back.

use gardefou::{
    AppError, ErrorCode, ResultExt,
    error::{Class, ConvertExt, View},
    report, retry,
};
use std::{error::Error, io, sync::Arc};

fn declined() -> AppError {
    AppError::new(ErrorCode::API_REQUEST_ERROR, "declined").with_detail("order", 7)
}

type Boxed = Box<dyn Error + Send + Sync>;

type Trip = fn(AppError) -> AppError;

/// Every way out and back, by name.
fn trips() -> Vec<(&'static str, Trip)> {
    vec![
        ("anyhow!", |e| {
            AppError::from_boxed(anyhow::anyhow!(e).into())
        }),
        ("anyhow! and context", |e| {
            AppError::from_boxed(anyhow::anyhow!(e).context("a").context("b").into())
        }),
        ("anyhow! of a box", |e| {
            AppError::from_boxed(anyhow::anyhow!(Boxed::from(e)).into())
        }),
        ("anyhow! of a box and context", |e| {
            AppError::from_boxed(anyhow::anyhow!(Boxed::from(e)).context("a").into())
        }),
        ("anyhow::Error::new", |e| {
            AppError::from_boxed(anyhow::Error::new(e.into_std()).into())
        }),
        ("question mark into anyhow", |e| {
            let through = || -> anyhow::Result<()> { Ok(Err(e).into_std()?) };
            through()
                .map_err(|e| e.context("a"))
                .into_app()
                .unwrap_err()
        }),
        ("anyhow in io", |e| {
            AppError::from(io::Error::other(anyhow::anyhow!(e).context("a")))
        }),
        ("eyre!", |e| AppError::from_boxed(eyre::eyre!(e).into())),
        ("eyre! and context", |e| {
            Err::<(), _>(eyre::eyre!(e).wrap_err("a").wrap_err("b"))
                .into_app()
                .unwrap_err()
        }),
        ("io", |e| AppError::from(io::Error::from(e))),
        ("io with a kind of its own", |e| {
            AppError::from(io::Error::new(io::ErrorKind::TimedOut, Boxed::from(e)))
        }),
        ("box", |e| AppError::from_boxed(e.into())),
        ("arc of a box", |e| {
            AppError::from(Arc::<dyn Error + Send + Sync>::from(Boxed::from(e)))
        }),
        ("arc", |e| AppError::from_arc(Arc::new(e))),
        ("box of AppError", |e| AppError::from(Box::new(e))),
        ("context of gardefou", |e| {
            Err::<(), _>(e)
                .context(ErrorCode::API_REQUEST_ERROR, "a")
                .unwrap_err()
        }),
    ]
}

#[test]
fn round_trip_keeps_code_identity_place_and_report() {
    for (name, trip) in trips() {
        for reported in [false, true] {
            let err = declined();
            if reported {
                report(&err);
            }
            let (id, place) = (err.id(), err.location().to_string());
            let back = trip(err);
            assert_eq!(
                (back.id(), back.code()),
                (id, ErrorCode::API_REQUEST_ERROR),
                "{name}"
            );
            let view = View::from_any(&back);
            assert_eq!(
                (view.class(), view.is_reported()),
                (Class::Permanent, reported),
                "{name}"
            );
            if name != "context of gardefou" {
                assert_eq!(back.location().to_string(), place, "{name}");
            }
            assert!(
                format!("{back:#}").ends_with("declined"),
                "{name}: {back:#}"
            );
        }
    }
}

#[test]
fn context_stays_in_the_chain() {
    let back = AppError::from_boxed(anyhow::anyhow!(declined()).context("while paying").into());
    assert_eq!(format!("{back:#}"), "while paying: declined");
    let back = AppError::from_boxed(eyre::eyre!(declined()).wrap_err("while paying").into());
    assert_eq!(format!("{back:#}"), "while paying: declined");
}

#[retry(max_retries = 3, initial_delay = 0)]
fn by_anyhow(runs: &mut u32) -> anyhow::Result<()> {
    *runs += 1;
    Err(anyhow::anyhow!(declined()).context("while paying"))
}

#[retry(max_retries = 3, initial_delay = 0)]
fn by_eyre(runs: &mut u32) -> eyre::Result<()> {
    *runs += 1;
    Err(eyre::eyre!(declined()).wrap_err("while paying"))
}

#[retry(max_retries = 3, initial_delay = 0)]
fn by_arc(runs: &mut u32) -> Result<(), Arc<AppError>> {
    *runs += 1;
    Err(Arc::new(declined()))
}

#[retry(max_retries = 3, initial_delay = 0)]
fn by_transparent(runs: &mut u32) -> Result<(), Transparent> {
    *runs += 1;
    Err(Transparent(declined().into_std()))
}

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Transparent(gardefou::error::StdError);

#[test]
fn permanent_error_in_any_wrapper_is_not_retried() {
    let mut runs = [0; 4];
    assert!(by_anyhow(&mut runs[0]).is_err());
    assert!(by_eyre(&mut runs[1]).is_err());
    assert!(by_arc(&mut runs[2]).is_err());
    assert!(by_transparent(&mut runs[3]).is_err());
    assert_eq!(runs, [1; 4]);
}

gardefou::boxed_errors! { anyhow::Error, eyre::Report }

#[test]
fn calls_by_hand_inspect_declared_boxes() {
    let retry = retry::Retry::builder()
        .clock(gardefou::time::ManualClock::new())
        .build()
        .unwrap();
    let mut runs = [0; 3];
    let _ = retry.call(|| -> anyhow::Result<()> {
        runs[0] += 1;
        Err(anyhow::anyhow!(declined()).context("while paying"))
    });
    let _ = retry.call(|| -> eyre::Result<()> {
        runs[1] += 1;
        Err(eyre::eyre!(declined()).wrap_err("while paying"))
    });
    let _ = retry.call(|| -> anyhow::Result<()> {
        runs[2] += 1;
        Err(anyhow::anyhow!("no cable"))
    });
    assert_eq!(runs, [1, 1, 4]);
    let error = anyhow::anyhow!(declined()).context("while paying");
    let view = View::from_any(&error);
    assert_eq!(
        (view.code(), view.to_string().as_str()),
        (Some(ErrorCode::API_REQUEST_ERROR), "while paying")
    );
}

#[test]
fn clone_is_the_same_occurrence_with_its_own_details() {
    let err = declined();
    let copy = err
        .clone()
        .with_detail("order", 8)
        .with_public_message("Declined.");
    assert_eq!((err.id(), &err.details()["order"]), (copy.id(), &7.into()));
    assert_eq!(
        (&copy.details()["order"], err.public_message()),
        (&8.into(), None)
    );
    report(&err);
    assert!(View::from_any(&copy).is_reported());
    assert_eq!(size_of::<AppError>(), size_of::<usize>());
}

#[test]
fn rejection_behind_a_transparent_error_is_found() {
    #[derive(Debug, thiserror::Error)]
    enum CallError {
        #[error(transparent)]
        Rejected(#[from] gardefou::Rejection),
    }
    let breaker = gardefou::breaker::CircuitBreaker::builder("transparent")
        .build()
        .unwrap();
    breaker.force_open();
    let error = breaker.call(|| Ok::<(), CallError>(())).unwrap_err();
    let CallError::Rejected(rejection) = &error;
    let view = View::from_std(&error);
    assert!(view.is_rejected() && view.rejection().is_none());
    assert_eq!(view.code(), Some(ErrorCode::CIRCUIT_OPEN_ERROR));
    assert!(View::from_any(rejection).rejection().is_some());
    assert!(AppError::from(error).is(ErrorCode::CIRCUIT_OPEN_ERROR));
}

#[test]
fn rejection_is_claimed_once_and_its_clone_again() {
    let breaker = gardefou::breaker::CircuitBreaker::builder("claimed")
        .build()
        .unwrap();
    breaker.force_open();
    let rejection = breaker.try_acquire().unwrap_err();
    assert!(View::from_any(&rejection).claim_report());
    assert!(!View::from_any(&rejection).claim_report());
    assert!(View::from_any(&rejection.clone()).claim_report());
    assert!(View::from_any(&AppError::from(rejection)).is_reported());
}

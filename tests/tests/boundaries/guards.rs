//! Exits in the guards of match arms mean what they mean in the rest of the block.

#![expect(
    clippy::match_like_matches_macro,
    clippy::never_loop,
    clippy::unnecessary_fold,
    reason = "guards stand in every form"
)]

use crate::support::Observed;
use gardefou::{
    AppError, ErrorCode, bail, error_boundary, event::TransactionOutcome, transaction_boundary,
};
use std::cell::Cell;

fn number(text: &str) -> Result<u32, std::num::ParseIntError> {
    text.parse()
}

async fn number_later(text: &str) -> Result<u32, std::num::ParseIntError> {
    tokio::task::yield_now().await;
    text.parse()
}

/// Returns the outcome of the boundary, or `None` if the enclosing function was left.
fn reached<T>(
    run: impl FnOnce() -> Result<Result<T, AppError>, AppError>,
) -> Option<Result<T, AppError>> {
    run().ok()
}

#[test]
fn question_mark_in_a_match_guard_ends_in_the_boundary() {
    let plain = |text: &str| {
        let text = text.to_owned();
        reached(move || {
            Ok(error_boundary!(
                "guards",
                error_code = ErrorCode::CONFIG_ERROR,
                {
                    match 1 {
                        x if number(&text)? == x => "equal",
                        _ => "other",
                    }
                }
            ))
        })
    };
    assert_eq!(plain("1").unwrap().unwrap(), "equal");
    assert_eq!(plain("2").unwrap().unwrap(), "other");
    assert!(
        plain("x")
            .expect("the function goes on")
            .unwrap_err()
            .is(ErrorCode::CONFIG_ERROR)
    );
}

#[test]
fn question_mark_in_every_form_of_match_guard_ends_in_the_boundary() {
    fn run(form: u32, text: &str) -> Option<Result<u32, AppError>> {
        reached(|| {
            Ok(error_boundary!("guards-forms", {
                match form {
                    0 | 1 if number(text)? > 5 => 1,
                    2 if let Ok(n) = Ok::<_, AppError>(number(text)?) => n,
                    3 if let Some(n) = Some(number(text)?)
                        && n < number("100")? =>
                    {
                        n
                    }
                    // Nested, in the guard and in the arm.
                    4 if match number(text)? {
                        n if n > number(text)? - 1 => true,
                        _ => false,
                    } =>
                    {
                        match () {
                            () if number(text)? > 0 => 4,
                            () => 0,
                        }
                    }
                    5 if matches!(Some(7), Some(n) if n == number(text)?) => 5,
                    6 if !matches!(number(text)?, 1..=3 | 5 if number(text)? > 2,) => 6,
                    7 => {
                        assert!(
                            matches!(text, _ if [1, 2].iter().fold(0, |a, b| a + b) < number(text)?),
                            "small"
                        );
                        7
                    }
                    // The guard's own block, and a guard of a loop's match.
                    8 if {
                        let n = number(text)?;
                        n == 7
                    } =>
                    {
                        8
                    }
                    9 => loop {
                        match Some(text) {
                            Some(text) if number(text)? == 7 => break 9,
                            Some(_) | None => break 0,
                        }
                    },
                    _ => 0,
                }
            }))
        })
    }
    let values: Vec<u32> = (0..10)
        .map(|form| run(form, "7").unwrap().unwrap())
        .collect();
    assert_eq!(values, [1, 1, 7, 7, 4, 5, 6, 7, 8, 9]);
    for form in 0..10 {
        let outcome = run(form, "seven");
        assert!(
            outcome.is_some_and(|outcome| outcome.is_err()),
            "form {form} leaves the function"
        );
    }
}

#[test]
fn question_mark_in_a_match_guard_rolls_back() {
    fn save(text: &str, undone: &Cell<u32>) -> Result<Result<u32, AppError>, AppError> {
        Ok(transaction_boundary!("guards-tx", |tx| {
            tx.on_rollback("undo", || undone.set(undone.get() + 1));
            match Some(7) {
                Some(x) if number(text)? == x => x,
                Some(_) if let 8 = number(text)? => return 80,
                Some(_) if matches!(text, "9" if number(text)? == 9) => {
                    bail!(ErrorCode::DB_WRITE_ERROR, "nine")
                }
                _ => 0,
            }
        }))
    }
    let (observed, undone) = (Observed::on("guards-tx"), Cell::new(0));
    let saved = |text| save(text, &undone).expect("the function goes on");
    assert_eq!(
        (
            saved("7").unwrap(),
            saved("8").unwrap(),
            saved("1").unwrap()
        ),
        (7, 80, 0)
    );
    assert_eq!(undone.get(), 0);
    assert_eq!(saved("x").unwrap_err().details()["rolled_back"], true);
    assert!(saved("9").unwrap_err().is(ErrorCode::DB_WRITE_ERROR));
    assert_eq!(undone.get(), 2);
    use TransactionOutcome::{Committed, RolledBack};
    assert_eq!(
        observed.ends(),
        [Committed, Committed, Committed, RolledBack, RolledBack]
    );
}

#[tokio::test]
async fn question_mark_in_a_match_guard_of_an_async_block_ends_in_the_boundary() {
    async fn run(form: u32, text: &str) -> Result<Result<u32, AppError>, AppError> {
        Ok(error_boundary!("guards-async", {
            match form {
                0 if number_later(text).await? == 7 => 0,
                1 if let Ok(n) = number_later(text).await
                    && n == number(text)? =>
                {
                    1
                }
                2 if number_later("1").await? > 0 && matches!(form, 2 if number(text)? > 0) => 2,
                _ => number(text)?,
            }
        }))
    }
    fn need_send<T: Send>(value: T) -> T {
        value
    }
    for form in 0..3 {
        assert_eq!(need_send(run(form, "7")).await.unwrap().unwrap(), form);
        assert!(run(form, "x").await.expect("the function goes on").is_err());
    }
}

#[tokio::test]
async fn question_mark_in_a_match_guard_of_an_async_transaction_rolls_back() {
    async fn save(text: &str) -> Result<Result<u32, AppError>, AppError> {
        Ok(transaction_boundary!("guards-async-tx", |tx| {
            tx.on_rollback("undo", || ());
            match 7 {
                x if number_later(text).await? == x => x,
                _ if let 8 = number(text)? => return 80,
                _ => 0,
            }
        }))
    }
    let observed = Observed::on("guards-async-tx");
    assert_eq!(
        (
            save("7").await.unwrap().unwrap(),
            save("8").await.unwrap().unwrap()
        ),
        (7, 80)
    );
    assert_eq!(
        save("x")
            .await
            .expect("the function goes on")
            .unwrap_err()
            .details()["rolled_back"],
        true
    );
    use TransactionOutcome::{Committed, RolledBack};
    assert_eq!(observed.ends(), [Committed, Committed, RolledBack]);
}

/// Leaves the loop from guards, out of a block in place.
fn jumps_in_place(texts: &[&str]) -> Result<Vec<u32>, AppError> {
    let mut seen = Vec::new();
    'outer: for text in texts {
        for round in 0..2 {
            let value = error_boundary!("guards-jumps", {
                match number(text)? {
                    n if n == 0 && { return Ok(vec![0]) } => 0,
                    n if n == 1 && { break } => 0,
                    n if n == 2 && { continue } => 0,
                    n if n == 3 && { continue 'outer } => 0,
                    n if matches!(n, 4 if round > 0 || { break 'outer }) => 0,
                    n if round > 0 => n,
                    _ => continue,
                }
            })?;
            seen.push(value);
        }
    }
    Ok(seen)
}

/// The same out of a closure.
fn jumps_out_of_a_closure(texts: &[&str]) -> Result<Vec<u32>, AppError> {
    let mut seen = Vec::new();
    'outer: for text in texts {
        for round in 0..2 {
            let value = error_boundary!("guards-jumps", catch_panics = true, {
                match number(text)? {
                    n if n == 0 && { return Ok(vec![0]) } => 0,
                    n if n == 1 && { break } => 0,
                    n if n == 2 && { continue } => 0,
                    n if n == 3 && { continue 'outer } => 0,
                    n if matches!(n, 4 if round > 0 || { break 'outer }) => 0,
                    n if round > 0 => n,
                    _ => continue,
                }
            })?;
            seen.push(value);
        }
    }
    Ok(seen)
}

#[test]
fn jumps_in_a_match_guard_act_on_the_enclosing_function_and_loops() {
    for jumps in [jumps_in_place, jumps_out_of_a_closure] {
        assert_eq!(jumps(&["5", "1", "2", "3", "6"]).unwrap(), [5, 6]);
        assert_eq!(jumps(&["5", "4", "6"]).unwrap(), [5]);
        assert_eq!(jumps(&["5", "0", "6"]).unwrap(), [0]);
        assert!(jumps(&["5", "x"]).is_err());
    }
}

#[test]
fn match_guard_in_a_nested_boundary_ends_there() {
    let outer: Result<u32, AppError> =
        error_boundary!("guards-outer", error_code = ErrorCode::SYNC_ERROR, {
            let inner = error_boundary!("guards-inner", error_code = ErrorCode::CONFIG_ERROR, {
                match 1 {
                    x if number("x")? == x => 1,
                    _ => 2,
                }
            });
            assert!(inner.unwrap_err().is(ErrorCode::CONFIG_ERROR));
            match 2 {
                x if number("2")? == x => 3,
                _ => 4,
            }
        });
    assert_eq!(outer.unwrap(), 3);
}

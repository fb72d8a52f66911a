//! Expansions raise no lint that the user's own code does not.
#![deny(warnings, clippy::all, clippy::pedantic, clippy::nursery)]

use gardefou::{AppError, ErrorCode, bail, ensure, error_boundary, transaction_boundary};

type R<T> = Result<T, AppError>;

const fn note(_: &AppError) {}

fn value(text: &str) -> R<i32> {
    error_boundary!("silent", { text.parse::<i32>()? })
}

fn constant() -> R<i32> {
    error_boundary!("silent", { 1 })
}

fn unit(text: &str) -> R<()> {
    error_boundary!("silent", error_code = ErrorCode::CONFIG_ERROR, {
        text.parse::<i32>()?;
    })
}

fn leaves(text: &str) -> i32 {
    let _: R<()> = error_boundary!("silent", {
        return text.len().try_into().unwrap_or(i32::MAX);
    });
}

fn quiet(text: &str) -> Option<i32> {
    error_boundary!("silent", rethrow = false, { text.parse()? })
}

fn fallback(text: &str) -> i32 {
    error_boundary!("silent", fallback = 0, { text.parse()? })
}

fn caught(text: &str) -> R<i32> {
    for part in text.split(' ') {
        error_boundary!("silent", catch_panics = true, {
            if part.is_empty() {
                continue;
            }
            if part == "end" {
                break;
            }
            if part == "one" {
                return Ok(1);
            }
            assert!(part.len() < 9);
        })?;
    }
    Ok(0)
}

fn looped(text: &str) -> i32 {
    let mut sum = 0;
    for part in text.split(' ') {
        let one = error_boundary!("silent", {
            ensure!(!part.is_empty(), ErrorCode::CONFIG_ERROR, "empty");
            if part == "end" {
                break;
            }
            if part == "bail" {
                bail!(ErrorCode::CONFIG_ERROR, "requested");
            }
            part.parse::<i32>()?
        });
        sum += one.unwrap_or_default();
    }
    sum
}

fn transaction(n: i32) -> R<i32> {
    transaction_boundary!("silent", on_error_callback = note, |tx| {
        tx.set("n", n);
        tx.on_rollback("undo", || ());
        if n == 0 {
            return 0;
        }
        "7".parse::<i32>()? / n
    })
}

fn callbacks(n: i32) -> (R<i32>, Vec<String>) {
    let mut texts = Vec::new();
    let first = transaction_boundary!(
        "silent",
        on_error_callback = |err: &AppError| texts.push(err.to_string()),
        |_| { "x".parse::<i32>()? / n }
    );
    let mut note_code = |err: &AppError| texts.push(err.code().to_string());
    let second = transaction_boundary!("silent", on_error_callback = note_code, |_| {
        "x".parse::<i32>()? / n
    });
    (first.and(second), texts)
}

fn unused() -> R<()> {
    transaction_boundary!("silent", |_| {})
}

async fn asynchronous(n: i32) -> R<i32> {
    let inner = error_boundary!("silent", { std::future::ready(n).await })?;
    let inner = error_boundary!("silent", async { std::future::ready(inner).await })?;
    transaction_boundary!("silent", async |tx| {
        tx.on_rollback_async("undo", async || ());
        std::future::ready(inner).await
    })
}

#[tokio::test]
async fn every_form_is_silent_and_works() {
    assert_eq!(value("1").ok(), Some(1));
    assert_eq!(constant().ok(), Some(1));
    assert!(unit("1").is_ok());
    assert_eq!(leaves("abc"), 3);
    assert_eq!((quiet("1"), quiet("x")), (Some(1), None));
    assert_eq!((fallback("1"), fallback("x")), (1, 0));
    assert_eq!(
        (caught("a  end").ok(), caught("one").ok()),
        (Some(0), Some(1))
    );
    assert_eq!(looped("1 bail 2 x end 4"), 3);
    assert_eq!(
        (transaction(0).ok(), transaction(7).ok()),
        (Some(0), Some(1))
    );
    assert_eq!(callbacks(1).1.len(), 2);
    assert!(unused().is_ok());
    assert_eq!(asynchronous(2).await.ok(), Some(2));
}

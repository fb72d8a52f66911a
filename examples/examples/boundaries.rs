//! Error boundaries: each error gets a code and is logged and counted once.
//!
//! `cargo run -p gardefou-examples --example boundaries`

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an example asserts and shows its results"
)]

use gardefou::{ErrorCode, Result, enhanced_error_handling, error_boundary, error_monitor};

/// A whole function as a boundary. An error without a code gets this one.
#[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR)]
fn port(text: &str) -> Result<u16> {
    Ok(text.parse()?)
}

/// A block as a boundary: a named `try` block whose last value is wrapped in `Ok`.
fn sum(rows: &[&str]) -> Result<i64> {
    error_boundary!("sum-rows", error_code = ErrorCode::ANALYSIS_DATA_ERROR, {
        let mut sum = 0;
        for row in rows {
            sum += row.parse::<i64>()?; // ends in the boundary
        }
        sum
    })
}

fn main() -> Result<()> {
    assert_eq!(port("8080")?, 8080);
    let error = port("http").unwrap_err();
    assert!(error.is(ErrorCode::CONFIG_ERROR));
    println!("{error:#} [{}]", error.code());

    assert_eq!(sum(&["1", "2"])?, 3);
    assert!(
        sum(&["1", "x"])
            .unwrap_err()
            .is(ErrorCode::ANALYSIS_DATA_ERROR)
    );

    // The error is recorded, and the loop goes on.
    let mut opened = 0;
    for text in ["80", "none", "443"] {
        opened += usize::from(error_boundary!("open", rethrow = false, { port(text)? }).is_some());
    }
    assert_eq!(opened, 2);

    // `port("none")` crossed two boundaries and counts once.
    let stats = error_monitor().stats();
    assert_eq!(
        (stats.total_errors, stats.error_counts["CONFIG_ERROR"]),
        (3, 2)
    );
    println!("{} errors recorded", stats.total_errors);
    Ok(())
}

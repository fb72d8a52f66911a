//! Codes: those of an application, of its error types, and of the types of other crates.
//!
//! `cargo run -p gardefou-examples --example codes`

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use gardefou::{AppError, Coded, Coding, ErrorCode, Result, coded, error::Class, error_codes};
use std::time::Duration;

// Codes of the application stand beside the standard ones.
error_codes! {
    /// The model was trained on another version of the data.
    pub MODEL_VERSION_ERROR = 212, http = 409, class = Permanent;
}

/// The application's own error type. A variant without a code is classified by its source.
#[derive(Debug, thiserror::Error, Coded)]
enum StoreError {
    #[error("order {0} is locked")]
    #[code(RESOURCE_BUSY_ERROR, retry_after = "2s")]
    Locked(u32),
    #[error("the model is of version {0}")]
    #[code(MODEL_VERSION_ERROR)]
    Version(u32),
    #[error("cannot read the order")]
    Read(#[from] std::io::Error),
}

/// Stands for a crate whose error type cannot be changed.
mod client {
    #[derive(Debug, thiserror::Error)]
    #[error("throttled for {seconds} s")]
    pub(super) struct Throttled {
        pub(super) seconds: u64,
    }
}

// Declared once, honoured by `?`, attributes, retries, breakers, the monitor and HTTP responses.
coded! {
    client::Throttled => |error| {
        Some(Coding::new(ErrorCode::RATE_LIMIT_ERROR).retry_after(Duration::from_secs(error.seconds)))
    },
}

fn main() -> Result<()> {
    // `?` and `From` keep code, class and wait.
    let locked = AppError::from(StoreError::Locked(7));
    assert!(locked.is(ErrorCode::RESOURCE_BUSY_ERROR));
    assert_eq!(locked.retry_after(), Some(Duration::from_secs(2)));

    let version = AppError::from(StoreError::Version(3));
    let code = version.code();
    assert_eq!(code.class(), Class::Permanent); // a retry returns it at once
    println!("{version}: {code} answers {}", code.http_status());

    let throttled = AppError::from(client::Throttled { seconds: 9 });
    assert!(throttled.is(ErrorCode::RATE_LIMIT_ERROR));

    let read = AppError::from(StoreError::from(std::io::Error::other("disk")));
    assert!(!read.is_coded(), "the first boundary gives it a code");
    Ok(())
}

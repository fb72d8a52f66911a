//! A user's crate with every lint on, which declares codes and builds errors in place: no lint fires
//! in the expansions. `cargo clippy -p gardefou-ui-tests --test silent_errors` is the test; running
//! it shows that the functions work.

#![deny(warnings)]
#![forbid(unsafe_code)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(
    missing_docs,
    rust_2018_idioms,
    trivial_casts,
    unused_qualifications,
    unused_results
)]
#![deny(
    clippy::allow_attributes,
    clippy::as_conversions,
    clippy::else_if_without_else,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::semicolon_inside_block,
    clippy::str_to_string,
    clippy::unreachable,
    clippy::use_debug
)]

use gardefou::{AppError, ErrorCode, Result, ResultExt, app_error, bail, ensure, error_codes};

error_codes! {
    /// The model does not fit the data.
    pub MODEL_VERSION_ERROR = 212, http = 409, class = Permanent;
    /// The tape robot does not answer.
    pub(crate) TAPE_ROBOT_ERROR = 1100, http = 503, category = "Archive";
}

/// Checks a version.
///
/// # Errors
///
/// `MODEL_VERSION_ERROR` if the version is not 3.
pub fn check(version: u32, name: &str) -> Result<u32> {
    ensure!(!name.is_empty() && version < 100, MODEL_VERSION_ERROR);
    ensure!(version != 4, MODEL_VERSION_ERROR, "model {name} has version {version}"; version, name = %name);
    if version == 5 {
        bail!(TAPE_ROBOT_ERROR);
    }
    let digits: u32 = name
        .parse::<u32>()
        .context(ErrorCode::API_REQUEST_ERROR, "not a number")?;
    if version > 3 {
        bail!(MODEL_VERSION_ERROR, "version {}", version; digits)
    }
    Ok(digits)
}

/// Checks later.
///
/// # Errors
///
/// Those of [`check`].
pub async fn check_later(version: f64) -> Result<f64, AppError> {
    ensure!(version < 3.0_f64, MODEL_VERSION_ERROR; version = ?version);
    std::future::ready(()).await;
    Ok(version)
}

/// Returns an error of each form of `app_error!`.
#[must_use]
pub fn made() -> [AppError; 3] {
    let hosts = ["a", "b"];
    [
        app_error!(MODEL_VERSION_ERROR),
        app_error!(TAPE_ROBOT_ERROR, "x"),
        app_error!(TAPE_ROBOT_ERROR; hosts),
    ]
}

#[test]
fn functions_return_the_declared_codes() {
    assert_eq!(check(3, "7").ok(), Some(7));
    assert!(
        check(3, "").is_err_and(|err| err.message().contains("!name.is_empty() && version < 100"))
    );
    assert!(check(4, "7").is_err_and(|err| err.is(MODEL_VERSION_ERROR)));
    assert!(check(5, "7").is_err_and(|err| err.is(TAPE_ROBOT_ERROR)));
    assert!(made().iter().all(AppError::is_coded));
    drop(check_later(1.0));
}

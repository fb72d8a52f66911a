//! Conflicts between declarations, which are warnings of the start.

use crate::support::logged;
use gardefou::{
    ErrorSystem, InitError, health::Phase, health_check, init_error_system, system::InitWarning,
};
use gardefou_tests::testkit::lock::alone;

gardefou::error_codes! {
    /// Clashes with `DB_QUERY_ERROR` of another crate, gardefou.
    PAYMENT_ERROR = 301, http = 402;
    INVOICE_ERROR = 7001;
}
/// The line of the macro that declares the first two.
const HERE: u32 = line!() - 6;

mod elsewhere {
    gardefou::error_codes! {
        pub(super) SHIPPING_ERROR = 7001, http = 409;
    }
    pub(super) const HERE: u32 = line!() - 3;
}

/// Returns the texts of the clashes, sorted.
fn texts(warnings: &[InitWarning]) -> Vec<&str> {
    let texts = warnings.iter().map(|warning| match warning {
        InitWarning::ErrorCode { text, .. } => text.as_str(),
        other => panic!("{other:?}"),
    });
    let mut texts: Vec<_> = texts.collect();
    texts.sort_unstable();
    texts
}

/// Asserts that both clashes are reported, each with both codes and both places.
fn assert_both(texts: &[&str]) {
    let [across_crates, across_places] = texts else {
        panic!("{texts:?}")
    };
    assert!(
        across_crates.starts_with("error code number 301 means `DB_QUERY_ERROR` ("),
        "{across_crates}"
    );
    assert!(
        across_crates.contains("error_codes.rs:") || across_crates.contains("code.rs:"),
        "{across_crates}"
    );
    assert!(
        across_crates.contains(&format!("`PAYMENT_ERROR` ({}:{HERE}", file!())),
        "{across_crates}"
    );
    assert!(
        across_places.starts_with("error code number 7001 means "),
        "{across_places}"
    );
    for place in [
        format!("`INVOICE_ERROR` ({}:{HERE}", file!()),
        format!("`SHIPPING_ERROR` ({}:{}", file!(), elsewhere::HERE),
    ] {
        assert!(across_places.contains(&place), "{place} in {across_places}");
    }
}

#[test]
fn clashing_codes_are_logged_and_are_warnings_of_each_guard() {
    let _turn = alone();
    let _ = (PAYMENT_ERROR, INVOICE_ERROR, elsewhere::SHIPPING_ERROR);
    let lines = logged(|| {
        let guard = init_error_system().unwrap();
        assert_both(&texts(guard.warnings()));
        let again = init_error_system().unwrap();
        assert_eq!(
            again.warnings(),
            guard.warnings(),
            "each guard has them, and they are logged once"
        );
    });
    let mut logged: Vec<_> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("WARN "))
        .collect();
    logged.sort_unstable();
    assert_both(&logged);
}

#[test]
fn clashing_codes_are_an_error_in_strict_mode_and_nothing_starts() {
    let _turn = alone();
    let err = ErrorSystem::builder().strict(true).init().unwrap_err();
    let InitError::Clash { warnings, .. } = &err else {
        panic!("{err:?}")
    };
    assert_both(&texts(warnings));
    assert!(
        err.to_string().contains("`PAYMENT_ERROR`") && err.to_string().contains("`SHIPPING_ERROR`"),
        "{err}"
    );
    assert_ne!(health_check().phase(), Phase::Started);
    assert!(ErrorSystem::builder().strict(false).init().is_ok());
}

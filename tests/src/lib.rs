//! Public behaviour of gardefou, tested from outside; see `tests/`.

pub mod stand_ins;
#[expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]
#[expect(clippy::print_stdout, reason = "tests print what a child printed")]
pub mod testkit;

/// Includes pages, so that their code is compiled and run. Pages on one subject are included by the
/// module of that subject.
macro_rules! pages {
    ($($(#[$condition:meta])* $name:ident = $path:literal;)*) => {
        $(
            $(#[$condition])*
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../", $path))]
            pub struct $name;
        )*
    };
}

pages! {
    Readme = "README.md";
    FromBackon = "docs/coming-from/backon.md";
    FromFailsafe = "docs/coming-from/failsafe.md";
    FromPolly = "docs/coming-from/polly.md";
    FromPython = "docs/coming-from/python.md";
    FromPythonInFrench = "docs/coming-from/python.fr.md";
    FromResilience4j = "docs/coming-from/resilience4j.md";
    FromSentry = "docs/coming-from/sentry.md";
    FromTowerResilience = "docs/coming-from/tower-resilience.md";
    Comparison = "docs/comparison.md";
    #[cfg(feature = "clients")]
    Cookbook = "docs/cookbook.md";
    #[cfg(feature = "clients")]
    Dashboard = "docs/dashboard.md";
    Design = "docs/design.md";
    #[cfg(feature = "clients")]
    Postgres = "docs/postgres.md";
}

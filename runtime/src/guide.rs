//! Guides: the pages of documentation, with an index and an order of reading.
//!
#![cfg_attr(not(doctest), doc = include_str!("guide/links.md"))]
#![doc = include_str!("../docs/README.md")]

/// Declares a page for each file. Links between pages are reference links: on the web they lead to
/// the files, and here to the modules, since the first definition of a label counts.
macro_rules! pages {
    ($($(#[$attribute:meta])* $name:ident = $file:literal;)*) => {
        $(
            $(#[$attribute])*
            #[cfg_attr(not(doctest), doc = include_str!("guide/links.md"))]
            #[doc = include_str!(concat!("../", $file))]
            pub mod $name {}
        )*
    };
}

pages! {
    attributes = "docs/attributes.md";
    boundaries = "docs/boundaries.md";
    #[cfg(any(feature = "test-util", not(doctest)))]
    bulkhead = "docs/bulkhead.md";
    #[cfg(any(feature = "chaos", not(doctest)))]
    chaos = "docs/chaos.md";
    #[cfg(any(feature = "fleet", not(doctest)))]
    #[doc = include_str!("../docs/fleet/links.txt")]
    fleet = "docs/fleet.md";
    circuit_breaker = "docs/circuit-breaker.md";
    command_line = "docs/command-line.md";
    #[cfg(any(feature = "config", not(doctest)))]
    configuration = "docs/configuration.md";
    errors = "docs/errors.md";
    fallback = "docs/fallback.md";
    #[cfg(any(feature = "test-util", not(doctest)))]
    hedge = "docs/hedge.md";
    pipeline = "docs/pipeline.md";
    exactness = "docs/exactness.md";
    redaction = "docs/redaction.md";
    #[cfg(any(feature = "test-util", not(doctest)))]
    rate_limit = "docs/rate-limit.md";
    // Its figures: the documentation has no files beside it that it could link to.
    #[doc = include_str!("../docs/outage/links.txt")]
    outage = "docs/outage.md";
    retry = "docs/retry.md";
    health = "docs/health.md";
    #[cfg(any(all(feature = "metrics", feature = "opentelemetry"), not(doctest)))]
    metrics = "docs/metrics.md";
    monitoring = "docs/monitoring.md";
    #[cfg(any(
        all(feature = "axum", feature = "reqwest-middleware", feature = "tower"),
        not(doctest)
    ))]
    http = "docs/http.md";
    timeout = "docs/timeout.md";
    #[cfg(any(feature = "test-util", not(doctest)))]
    testing = "docs/testing.md";
    #[cfg(any(feature = "test-util", not(doctest)))]
    library_authors = "docs/library-authors.md";
}

// Their code needs more than this crate may depend on, and is tested with the public behaviour.
#[cfg(not(doctest))]
pages! {
    architecture = "ARCHITECTURE.md";
    changelog = "CHANGELOG.md";
    comparison = "docs/comparison.md";
    cookbook = "docs/cookbook.md";
    dashboard = "docs/dashboard.md";
    design = "docs/design.md";
    postgres = "docs/postgres.md";
}

/// Pages for users of other libraries.
#[cfg(not(doctest))]
pub mod coming_from {
    macro_rules! pages {
        ($($name:ident = $file:literal;)*) => {
            $(
                #[cfg_attr(not(doctest), doc = include_str!("guide/links.md"))]
                #[doc = include_str!(concat!("../docs/coming-from/", $file))]
                pub mod $name {}
            )*
        };
    }

    pages! {
        backon = "backon.md";
        failsafe = "failsafe.md";
        polly = "polly.md";
        python = "python.md";
        python_fr = "python.fr.md";
        resilience4j = "resilience4j.md";
        sentry = "sentry.md";
        tower_resilience = "tower-resilience.md";
    }
}

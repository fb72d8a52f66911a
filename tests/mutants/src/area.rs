//! Parts of the runtime that are tested together.

/// A part of the runtime, and the tests that speak of it.
pub struct Area {
    pub name: &'static str,
    /// Globs as cargo-mutants reads them.
    pub files: &'static [&'static str],
    /// The module whose unit tests run first; all others run last.
    pub module: &'static str,
    pub tests: &'static [&'static str],
    pub features: &'static str,
}

/// Tests are no mutants.
pub const TESTS: &[&str] = &["**/tests.rs", "**/tests/**"];

pub const AREAS: &[Area] = &[
    Area {
        name: "breaker",
        files: &["runtime/src/breaker/**"],
        module: "breaker::",
        tests: &[
            "breaker",
            "exact",
            "scope",
            "errors",
            "retry",
            "health",
            "system",
            "alerts",
            "attributes",
        ],
        features: "",
    },
    Area {
        name: "retry",
        files: &["runtime/src/retry/**"],
        module: "retry::",
        tests: &["retry", "exact", "scope", "attributes"],
        features: "",
    },
    Area {
        name: "call",
        files: &["runtime/src/call/**"],
        module: "call::",
        tests: &[
            "exact",
            "boundaries",
            "retry",
            "scope",
            "system",
            "breaker",
            "attributes",
        ],
        features: "",
    },
    Area {
        name: "view",
        files: &["runtime/src/error/view/**"],
        module: "error::",
        tests: &["errors", "exact", "retry", "boundaries", "http"],
        features: "",
    },
    Area {
        name: "alerts",
        files: &[
            "runtime/src/alerts/throttle.rs",
            "runtime/src/alerts/subject.rs",
            "runtime/src/alerts/subjects.rs",
        ],
        module: "alerts::",
        tests: &["alerts"],
        features: "",
    },
    Area {
        name: "retention",
        files: &[
            "runtime/src/monitor/journal/retention.rs",
            "runtime/src/monitor/journal/clock_jumps.rs",
            "integrations/sqlite/src/retention.rs",
        ],
        module: "monitor::journal::",
        tests: &["journal"],
        features: "",
    },
];

pub fn find(name: &str) -> Option<&'static Area> {
    AREAS.iter().find(|area| area.name == name)
}

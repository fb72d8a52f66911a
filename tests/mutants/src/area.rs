//! Parts of the runtime that are tested together.

/// A part of the runtime, and the tests that speak of it.
pub struct Area {
    pub name: &'static str,
    /// Globs as cargo-mutants reads them, and what it leaves out.
    pub files: &'static [&'static str],
    pub without: &'static [&'static str],
    /// The module whose unit tests run first; all others run last.
    pub module: &'static str,
    pub tests: &'static [&'static str],
    pub features: &'static str,
}

pub const AREAS: &[Area] = &[
    Area {
        name: "breaker",
        files: &["runtime/src/breaker/**"],
        without: &["runtime/src/breaker/model/**"],
        module: "breaker::",
        tests: &["breaker", "exact", "scope", "errors"],
        features: "",
    },
    Area {
        name: "retry",
        files: &["runtime/src/retry/**"],
        without: &[],
        module: "retry::",
        tests: &["retry", "exact", "scope"],
        features: "",
    },
    Area {
        name: "call",
        files: &["runtime/src/call/**"],
        without: &[],
        module: "call::",
        tests: &["exact", "boundaries", "retry", "scope", "system"],
        features: "",
    },
    Area {
        name: "view",
        files: &["runtime/src/error/view.rs", "runtime/src/error/view/**"],
        without: &[],
        module: "error::",
        tests: &["errors", "exact", "retry", "boundaries", "http"],
        features: "",
    },
    Area {
        name: "alerts",
        files: &["runtime/src/alerts/throttle.rs", "runtime/src/alerts/subject.rs"],
        without: &[],
        module: "alerts::",
        tests: &["alerts"],
        features: "",
    },
    Area {
        name: "retention",
        files: &[
            "runtime/src/monitor/journal/retention.rs",
            "runtime/src/monitor/journal/steadiness.rs",
            "runtime/src/monitor/journal/sqlite/retention.rs",
        ],
        without: &[],
        module: "monitor::journal::",
        tests: &["journal"],
        features: "gardefou/journal-sqlite,gardefou-tests/journal-sqlite",
    },
];

pub fn find(name: &str) -> Option<&'static Area> {
    AREAS.iter().find(|area| area.name == name)
}

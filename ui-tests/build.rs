//! Writes the functions of `tests/silent.rs`: each row of the table below, put into the template
//! `tests/silent/shapes.rs`.
//!
//! A macro would do the same with less, but lints are silent in the expansions of macros.

use std::{env, fs, path::Path};

/// A module, and the attributes of each function in it; `{user}` is the argument of the template.
const TABLE: &[(&str, &[&str])] = &[
    (
        "handled",
        &[r#"enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR, log_level = "warn")"#],
    ),
    (
        "audited",
        &[r#"log_sensitive_operations("silent", {user} error_level = "warn")"#],
    ),
    (
        "guarded",
        &[
            r#"with_circuit_breaker(name = "silent", failure_threshold = 3, recovery_timeout = 0.5)"#,
        ],
    ),
    (
        "retried",
        &[r#"retry(max_retries = 2, initial_delay = "1ms", jitter = 0.2)"#],
    ),
    (
        "both",
        &[
            r#"retry_with_circuit_breaker(name = "silent-2", max_retries = 2, slow_call = Duration::from_secs(2))"#,
        ],
    ),
    (
        "stacked",
        &[
            "enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR)",
            "retry(max_retries = 2)",
            r#"with_circuit_breaker(name = "silent-3")"#,
        ],
    ),
];

const TEMPLATE: &str = "tests/silent/shapes.rs";

/// Returns the template with the attributes of one row.
fn filled(template: &str, module: &str, attributes: &[&str]) -> String {
    let mut text = String::new();
    for line in template.lines().filter(|line| !line.starts_with("//!")) {
        let Some(argument) = line.trim_start().strip_prefix("#[guard") else {
            text.push_str(&line.replace("shapes", module));
            text.push('\n');
            continue;
        };
        let user = argument
            .trim_end_matches(']')
            .strip_prefix('(')
            .and_then(|user| user.strip_suffix(')'))
            .map_or_else(String::new, |user| format!("{user},"));
        for attribute in attributes {
            text.push_str(&format!("#[{}]\n", attribute.replace("{user}", &user)));
        }
    }
    text
}

fn main() {
    println!("cargo::rerun-if-changed={TEMPLATE}");
    let template = fs::read_to_string(TEMPLATE).expect("the template lies beside the tests");
    let text: String = TABLE
        .iter()
        .map(|(module, attributes)| filled(&template, module, attributes))
        .collect();
    let folder = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&folder).join("shapes.rs"), text).expect("OUT_DIR is writable");
}

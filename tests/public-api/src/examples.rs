//! Functions whose documentation has an example that asserts.

use crate::{items::Api, json::text};

/// The share of public functions that must have an example, in percent.
const REQUIRED: usize = 95;
/// How many functions without an example are named.
const MAX_NAMED: usize = 40;

/// Public functions, methods and macros, by whether they have an example.
pub(crate) struct Examples {
    functions: usize,
    /// The paths of those without an example, sorted.
    missing: Vec<String>,
}

impl Examples {
    pub(crate) fn of(api: &Api<'_>) -> Self {
        let functions = api.functions();
        let missing = functions
            .iter()
            .filter(|(_, item)| !has_example(text(&item["docs"])));
        Self {
            missing: missing.map(|(path, _)| path.clone()).collect(),
            functions: functions.len(),
        }
    }

    pub(crate) fn are_enough(&self) -> bool {
        self.with() * 100 >= self.functions * REQUIRED
    }

    /// Returns the share in one line, and the names of functions without an example where there are
    /// too few.
    pub(crate) fn report(&self) -> Vec<String> {
        let percent = 100.0 * self.with() as f64 / self.functions.max(1) as f64;
        let mut lines = vec![format!(
            "{} of {} public functions have an example that asserts: {percent:.1} %, at least {REQUIRED} % must",
            self.with(),
            self.functions,
        )];
        if !self.are_enough() {
            lines.extend(self.missing.iter().take(MAX_NAMED).cloned());
            if let Some(more @ 1..) = self.missing.len().checked_sub(MAX_NAMED) {
                lines.push(format!("and {more} more"));
            }
        }
        lines
    }

    fn with(&self) -> usize {
        self.functions - self.missing.len()
    }
}

/// Returns `true` if one of the code blocks runs as a test and asserts something.
fn has_example(docs: &str) -> bool {
    let mut lines = docs.lines();
    while let Some(line) = lines.next() {
        let Some((fence, language)) = fence(line) else {
            continue;
        };
        let is_end = |line: &str| {
            let line = line.trim();
            line.len() >= fence.len() && line.bytes().all(|c| c == fence.as_bytes()[0])
        };
        // To the end, so that the fence that closes the block does not open another one.
        let block: Vec<_> = lines.by_ref().take_while(|line| !is_end(line)).collect();
        if is_run(language) && block.into_iter().any(is_assertion) {
            return true;
        }
    }
    false
}

/// Returns the fence with which a line opens a block of code, and the language behind it.
fn fence(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let language = line.trim_start_matches(mark);
    let fence = &line[..line.len() - language.len()];
    (fence.len() >= 3).then_some((fence, language))
}

/// Returns `true` if rustdoc compiles and runs a block of that language.
fn is_run(language: &str) -> bool {
    let mut words = language
        .split([',', ' ', '{', '}'])
        .filter(|word| !word.is_empty());
    words.all(|word| {
        matches!(
            word,
            "rust" | "should_panic" | "standalone" | "standalone_crate"
        ) || word.starts_with("edition")
    })
}

fn is_assertion(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.contains("assert")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(language: &str, code: &str) -> String {
        format!("Adds two numbers.\n\n# Examples\n\n```{language}\n{code}\n```\n")
    }

    #[test]
    fn block_that_runs_and_asserts_is_an_example() {
        for language in ["", "rust", "rust,edition2024", "should_panic"] {
            assert!(has_example(&block(language, "assert_eq!(add(1, 2), 3);")));
        }
        assert!(has_example(&block("", "# assert!(hidden());")));
        assert!(has_example(&format!(
            "{}\n{}",
            block("text", "3"),
            block("", "assert!(is_three(3));")
        )));
        assert!(has_example("~~~~\n```\nassert!(true);\n~~~~"));
    }

    #[test]
    fn block_that_does_not_run_or_assert_is_none() {
        for language in [
            "text",
            "toml",
            "sh",
            "json",
            "ignore",
            "no_run",
            "compile_fail",
            "rust,ignore",
            "compile_fail,E0308",
        ] {
            assert!(
                !has_example(&block(language, "assert_eq!(add(1, 2), 3);")),
                "{language}"
            );
        }
        assert!(!has_example(&block("", "println!(\"{}\", add(1, 2));")));
        assert!(!has_example(&block("", "add(1, 2); // assert nothing")));
        assert!(!has_example(
            "It can assert.\n```text\n3\n```\nassert between blocks"
        ));
        assert!(!has_example(""));
    }
}

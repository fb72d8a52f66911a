//! The first page, in the README and in the crate's documentation.

const README: &str = include_str!("../../../README.md");
const CRATE: &str = include_str!("../../../runtime/src/lib.rs");

/// Returns the documentation of the crate.
fn crate_docs() -> String {
    let lines = CRATE.lines().map_while(|line| line.strip_prefix("//!"));
    lines
        .map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned() + "\n")
        .collect()
}

/// Returns the first block of code after a line that begins it.
fn code<'a>(page: &'a str, begin: &str) -> &'a str {
    let (_, rest) = page.split_once(begin).expect("a block of code");
    rest.split_once("```").expect("an end of the block").0
}

/// Returns the first two columns of the table of features.
fn features(page: &str) -> Vec<(String, String)> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| {
        let mut cells = row.split('|').map(str::trim);
        let name = cells.next()?.strip_suffix('`')?;
        let default = cells.next()?;
        ["", "yes"]
            .contains(&default)
            .then(|| (name.to_owned(), default.to_owned()))
    });
    cells.collect()
}

#[test]
fn crate_page_has_the_taste_and_the_features_of_the_readme() {
    let docs = crate_docs();
    let taste = code(README, "```rust\n");
    assert_eq!(code(&docs, "```\n"), taste);
    let lines = taste.lines().filter(|line| !line.is_empty()).count();
    assert!(lines <= 22, "a taste of {lines} lines");
    let table = features(README);
    assert!(table.len() > 10, "{table:?}");
    assert_eq!(features(&docs), table);
}

#[test]
fn readme_says_how_to_begin_before_anything_else() {
    let (before, _) = README.split_once("\n## ").expect("a heading");
    for command in ["\ncargo run ", "\ncargo test --workspace "] {
        assert!(before.contains(command), "{command}");
    }
    let version = concat!("Rust ", "1.89");
    assert!(README.contains(version));
    let manifest = include_str!("../../../Cargo.toml");
    assert!(manifest.contains("rust-version = \"1.89\""));
}

//! What the page on monitoring says of the log, held against the catalogue of names.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../docs/monitoring.md");
const CATALOGUE: &str = include_str!("../../../runtime/src/event/names.rs");

/// The values of the catalogue's constants, of the targets or of the fields.
fn constants(targets: bool) -> BTreeSet<&'static str> {
    let lines = CATALOGUE
        .lines()
        .map(str::trim)
        .filter_map(|line| line.strip_prefix("pub const "));
    let lines = lines.filter(|line| line.starts_with("TARGET_") == targets);
    lines
        .map(|line| line.split('"').nth(1).expect("a text"))
        .collect()
}

/// All names in backticks in the first column of the table under a heading.
fn documented(heading: &str) -> BTreeSet<&'static str> {
    let (_, section) = PAGE
        .split_once(heading)
        .unwrap_or_else(|| panic!("no heading {heading}"));
    let rows = section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    let first_cells = rows.skip(2).filter_map(|row| row.split('|').nth(1));
    first_cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect()
}

/// The names of all fields in the catalogue.
pub(super) fn fields() -> BTreeSet<&'static str> {
    constants(false)
}

#[test]
fn the_table_of_targets_has_every_target_and_no_other() {
    let targets = constants(true);
    assert!(
        targets.contains("gardefou::error") && targets.len() > 5,
        "{targets:?}"
    );
    assert_eq!(documented("## Targets in the log"), targets);
}

#[test]
fn the_table_of_fields_has_every_field_and_no_other() {
    let fields = fields();
    assert!(
        fields.contains("error.id") && fields.len() > 10,
        "{fields:?}"
    );
    assert_eq!(documented("## Fields in the log"), fields);
}

//! What the page on health says, held against the code.

use gardefou::health::{Criticality, HealthConfig, Status};

const PAGE: &str = include_str!("../../../docs/health.md");

fn table<'a>(heading: &str, page: &'a str) -> Vec<Vec<&'a str>> {
    let section = page.split_once(heading).unwrap().1;
    let rows = section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    rows.skip(2)
        .map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn the_table_of_defaults_is_the_default() {
    let shown = format!("{:?}", HealthConfig::default());
    let rows = table("## Defaults", PAGE);
    assert_eq!(rows.len(), 10);
    for row in rows {
        let (name, value) = (row[0].trim_matches('`'), row[1].replace(" s", "s"));
        assert!(
            shown.contains(&format!("{name}: {value}")),
            "{name}: {value} in {shown}"
        );
    }
}

#[test]
fn the_table_of_meanings_is_the_weighing() {
    let from_name = |name: &str| {
        [Status::Pass, Status::Warn, Status::Fail]
            .into_iter()
            .find(|s| s.name() == name)
            .unwrap()
    };
    let criticalities = [
        Criticality::Critical,
        Criticality::Important,
        Criticality::Informational,
    ];
    for row in table("## What a status means", PAGE).iter().take(3) {
        let status = from_name(row[0].split(',').next().unwrap());
        let expected: Vec<_> = criticalities
            .iter()
            .map(|criticality| criticality.weigh(status).name())
            .collect();
        assert_eq!(&row[1..], expected, "{status}");
    }
}

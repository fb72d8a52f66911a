//! Tables of the page on health, compared with the code.

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
fn table_of_defaults_matches_the_default_config() {
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
fn table_of_weights_matches_criticality_weigh() {
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

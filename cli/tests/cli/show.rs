//! `journal show`.

use super::*;

#[test]
fn record_is_shown_field_by_field() {
    let fixture = Fixture::new();
    let mut record = fixture.add("load", ErrorCode::SYNC_ERROR, Severity::Error, "late");
    record.id = gardefou::error::ErrorId::new();
    record.chain = vec!["no route".to_owned(), "cable cut".to_owned()];
    record.attempt = Some((3, 3));
    fixture.journal.append(&record).unwrap();
    let id = record.id.to_string();
    let lines = fixture.lines(&["show", &id]);
    assert_eq!(lines[0], format!("error {id}"));
    for expected in [
        "  time          2023-11-14 22:13:20.000 UTC",
        "  level         error",
        "  message       late",
        "  caused by     no route",
        "  caused by     cable cut",
        "  operation     load",
        "  attempt       3 of 3",
        "  detail        table = clips",
    ] {
        assert!(
            lines.iter().any(|line| line == expected),
            "{expected}: {lines:#?}"
        );
    }
    let group = format!("  group         {}", record.fingerprint);
    assert!(lines.contains(&group), "{lines:#?}");
    let json = fixture.lines(&["show", "--json", &id]);
    assert_eq!(parsed(&json[0]), record);
}

#[test]
fn end_of_an_identity_is_enough() {
    let fixture = Fixture::with_errors();
    let id = parsed(&fixture.lines(&["list", "--json"])[2])
        .id
        .to_string();
    for end in [&id[24..], &id[30..], &id[24..].to_uppercase(), &id[19..]] {
        assert_eq!(fixture.lines(&["show", end])[0], format!("error {id}"));
    }
}

#[test]
fn end_of_several_identities_is_refused() {
    let fixture = Fixture::new();
    let mut record = fixture.add("load", ErrorCode::SYNC_ERROR, Severity::Error, "late");
    for id in [
        "0190163d-8694-739b-aea5-966c26f8ad91",
        "0190163d-8695-739b-aea5-966c26f8ad91",
    ] {
        record.id = id.parse().unwrap();
        fixture.journal.append(&record).unwrap();
    }
    let printed = fixture.run(&["show", "966c26f8ad91"]);
    assert_eq!((printed.status, &*printed.stdout), (2, ""));
    assert!(
        printed.stderr.contains("must name one record"),
        "{}",
        printed.stderr
    );
    assert!(
        printed
            .stderr
            .contains("0190163d-8694-739b-aea5-966c26f8ad91")
    );
}

#[test]
fn missing_record_has_status_1_and_a_malformed_identity_2() {
    let fixture = Fixture::with_errors();
    for missing in ["0190163d-8694-739b-aea5-966c26f8ad91", "0000000000"] {
        let printed = fixture.run(&["show", missing]);
        assert_eq!((printed.status, &*printed.stdout), (1, ""));
        assert!(printed.stderr.contains(missing));
    }
    for malformed in [
        "",
        "12345",
        "no identity",
        "0190163d-8694-739b-aea5-966c26f8ad91a",
    ] {
        let printed = fixture.run(&["show", malformed]);
        assert_eq!((printed.status, &*printed.stdout), (2, ""), "{malformed}");
        assert!(
            printed.stderr.contains("it must be an identity"),
            "{}",
            printed.stderr
        );
    }
}

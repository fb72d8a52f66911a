//! Secrets that are recognised by their shape.

use super::{assert_red, red};
use crate::error::redact::redactor::BUILT_IN;

#[test]
fn secrets_of_known_shapes_are_replaced_under_any_name() {
    for (text, expected) in [
        (
            "postgres://ann:hunter2@db1:5432/x?sslkey=s3cr3t",
            "postgres://[redacted]@db1:5432/x?sslkey=[redacted]",
        ),
        (
            "https://hunter2@github.com/x",
            "https://[redacted]@github.com/x",
        ),
        (
            "a://u:hunter2@h, b://u:s3cr3t@h",
            "a://[redacted]@h, b://[redacted]@h",
        ),
        (
            "postgres://u:hun/ter?2#@s@h/db",
            "postgres://[redacted]@h/db",
        ),
        (
            "cut off postgres://ann:hunter2",
            "cut off postgres://[redacted]",
        ),
        ("sent Bearer hunter2.", "sent Bearer [redacted]"),
        (
            "header bearer   s3cr3t, next",
            "header bearer   [redacted], next",
        ),
        ("Basic YW5uOmh1bnRlcjI=", "Basic [redacted]"),
        (
            "got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r.",
            "got [redacted].",
        ),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOi", "got [redacted]"),
        ("id AKIAIOSFODNN7EXAMPLE.", "id [redacted]."),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[redacted]"),
        (
            "k -----BEGIN RSA PRIVATE KEY-----\nMIIhunter2\n-----END RSA PRIVATE KEY-----\nrest",
            "k [redacted]\nrest",
        ),
        ("k -----BEGIN PRIVATE KEY-----\nMIIhunter2", "k [redacted]"),
    ] {
        assert_eq!(BUILT_IN.text(text), expected);
    }
}

#[test]
fn passwords_in_addresses_are_hidden_with_any_characters() {
    assert_red(&[
        (
            "dial root:hunter2@tcp(10.0.0.1:3306)/db",
            "dial [redacted]@tcp(10.0.0.1:3306)/db",
        ),
        (
            "url=\"root:a\"hunter2@unix(/tmp/s)\"",
            "url=\"[redacted]@unix(/tmp/s)\"",
        ),
        ("addr=root:hun=ter2@tcp(h)", "addr=[redacted]@tcp(h)"),
        (
            "jdbc:oracle:thin:scott/hunter2@h:1521",
            "jdbc:oracle:thin:[redacted]@h:1521",
        ),
        (
            "postgres://app:2024/hunter2@db/x",
            "postgres://[redacted]@db/x",
        ),
        ("postgres://app:a\"hunter2@db", "postgres://[redacted]@db"),
        (
            "\"postgres://app:a'hunter2@db\", n",
            "\"postgres://[redacted]@db\", n",
        ),
        (
            "postgres://app:hun/ter2@T0pS@db",
            "postgres://[redacted]@db",
        ),
    ]);
}

#[test]
fn tokens_and_web_hooks_of_well_known_services_are_hidden() {
    for token in [
        "sk_test_hunter2hunter2",
        "sk_live_hunter2hunter2",
        "whsec_hunter2hunter2",
        "SG.hunter2hunter2.s3cr3ts3cr3t",
        "ya29.a0hunter2-hunter2",
        "dop_v1_hunter2hunter2hunter2",
        "xapp-1-A02-hunter2",
        "xoxb-12-34-hunter2",
        "GOCSPX-hunter2hunter2",
        "ghp_hunter2hunter2hunter2",
        "github_pat_hunter2hunter2hunter2",
        "glpat-hunter2hunter2hunter2",
        "AKIAHUNTER2HUNTER222",
        "123456789:AAhunter2hunter2hunter2hunter2-hunt",
    ] {
        assert_eq!(red(&format!("key {token}, used.")), "key [redacted], used.");
    }
    assert_red(&[
        (
            "http://hooks.slack.com/services/T/B/hunter2.",
            "http://hooks.slack.com/services/[redacted].",
        ),
        (
            "post hooks.slack.com/services/T/B/hunter2 failed",
            "post hooks.slack.com/services/[redacted] failed",
        ),
        (
            "https://ptb.discord.com/api/webhooks/12/hunter2",
            "https://ptb.discord.com/api/webhooks/[redacted]",
        ),
        (
            "https://api.telegram.org/bot123:hunter2/sendMessage",
            "https://api.telegram.org/bot[redacted]",
        ),
        (
            "https%3A%2F%2Fhooks.slack.com%2Fservices%2FT%2FB%2Fhunter2",
            "https%3A%2F%2Fhooks.slack.com%2Fservices%2F[redacted]",
        ),
    ]);
}

//! Secrets in encoded and structured texts.

use super::assert_red;

#[test]
fn percent_encoded_secrets_are_hidden() {
    assert_red(&[
        (
            "next=https%3A%2F%2Fh%2F%3Fpassword%3Dhunter2%26n%3D1 x",
            "next=https%3A%2F%2Fh%2F%3Fpassword%3D[redacted]%26n%3D1 x",
        ),
        (
            "body %22password%22%3A%22hunter2%22%2C",
            "body %22password%22%3A%22[redacted]%22%2C",
        ),
        ("Bearer%20hunter2", "Bearer%20[redacted]"),
        (
            "https%3A%2F%2Fu%3Ahunter2%40h",
            "https%3A%2F%2F[redacted]%40h",
        ),
        (
            "a=x%253Fpassword%253Dhunter2%2526b",
            "a=x%253Fpassword%253D[redacted]%2526b",
        ),
        ("password=a%26hunter2", "password=[redacted]"),
        (
            "https://h/?db%5Bpassword%5D=hunter2&b=1",
            "https://h/?db%5Bpassword%5D=[redacted]&b=1",
        ),
    ]);
}

#[test]
fn secrets_in_xml_and_in_keys_of_json_are_hidden() {
    assert_red(&[
        (
            "<Password>hunter2</Password>",
            "<Password>[redacted]</Password>",
        ),
        (
            "<a><o:Password Type=\"t\">hunter2 T0pS</o:Password></a>",
            "<a><o:Password Type=\"t\">[redacted]</o:Password></a>",
        ),
        (
            "<secret><![CDATA[hun<ter2]]></secret>",
            "<secret><![CDATA[[redacted]]]></secret>",
        ),
        ("<apiKey>hunter2", "<apiKey>[redacted]"),
        (
            "<add key=\"Password\" value=\"hunter2\"/>",
            "<add key=\"Password\" value=\"[redacted]\"/>",
        ),
        (
            r#"got {"auth":"hunter2"} from it"#,
            r#"got {"auth":"[redacted]"} from it"#,
        ),
        (
            r#"[{"name": "X-Api-Key", "value": "hunter2"}]"#,
            r#"[{"name": "X-Api-Key", "value": "[redacted]"}]"#,
        ),
        (
            r#"Header { name: "cookie", value: "hunter2" }"#,
            r#"Header { name: "cookie", value: "[redacted]" }"#,
        ),
    ]);
}

//! Secrets beside and below their names.

use super::{SECRETS, assert_red, red};
use crate::error::redact::{redactor::BUILT_IN, sensitive::MARK};
use serde_json::json;

#[test]
fn secrets_under_names_are_replaced() {
    for (text, expected) in [
        ("password=hunter2", "password=[redacted]"),
        (
            "db_password = hunter2, host = db1",
            "db_password = [redacted], host = db1",
        ),
        ("PASSWORD: hunter2\nnext", "PASSWORD: [redacted]\nnext"),
        (
            r#"{"password":"hunter2","user":"ann"}"#,
            r#"{"password":"[redacted]","user":"ann"}"#,
        ),
        (
            r#"{"password": "a\"hunter2", "n": 1}"#,
            r#"{"password": "[redacted]", "n": 1}"#,
        ),
        (
            r#"body "{\"token\":\"hunter2\",\"n\":1}""#,
            r#"body "{\"token\":\"[redacted]\",\"n\":1}""#,
        ),
        ("{'passwd': 'hunter2'}", "{'passwd': '[redacted]'}"),
        (
            r#"Config { user: "ann", pwd: Some("hunter2"), port: 1 }"#,
            r#"Config { user: "ann", pwd: Some("[redacted]"), port: 1 }"#,
        ),
        (
            r#"Config { api_key: Secret(hunter2) }"#,
            r#"Config { api_key: Secret([redacted]) }"#,
        ),
        (r#"secret: b"hunter2""#, r#"secret: b"[redacted]""#),
        (r##"secret: r#"hunter2"#"##, r##"secret: r#"[redacted]"#"##),
        (
            r#"("x-api-key", "hunter2")"#,
            r#"("x-api-key", "[redacted]")"#,
        ),
        (
            "https://h/p?a=1&token=hunter2&b=2#f",
            "https://h/p?a=1&token=[redacted]&b=2#f",
        ),
        (
            "https://h/p?sslkey=hunter2",
            "https://h/p?sslkey=[redacted]",
        ),
        (
            "https://h/p?sig=hunter2&sv=1",
            "https://h/p?sig=[redacted]&sv=1",
        ),
        ("https://h/p?key=hunter2", "https://h/p?key=[redacted]"),
        (
            "Server=db1;Pwd=hunter2;Port=1",
            "Server=db1;Pwd=[redacted];Port=1",
        ),
        (
            "host=db1 password=hunter2,T0pS user=ann",
            "host=db1 password=[redacted] user=ann",
        ),
        (
            "run --password hunter2 --verbose",
            "run --password [redacted] --verbose",
        ),
        ("run --db-password=hunter2", "run --db-password=[redacted]"),
        (
            r#"args ["--token", "x"] --token 'a hunter2'"#,
            r#"args ["--token", "[redacted]"] --token '[redacted]'"#,
        ),
        (
            "wrong password 'hunter2' for ann",
            "wrong password '[redacted]' for ann",
        ),
        ("api key: hunter2", "api key: [redacted]"),
        ("env[\"SECRET\"]: hunter2", "env[\"SECRET\"]: [redacted]"),
        (
            "params[password]=hunter2&x=1",
            "params[password]=[redacted]&x=1",
        ),
        ("password => hunter2", "password => [redacted]"),
        (
            "credentials: { user: \"ann\", key: \"hunter2\" }, n: 1",
            "credentials: [redacted], n: 1",
        ),
        ("tokens: [\"hunter2\", \"s3cr3t\"]", "tokens: [redacted]"),
        (
            "Authorization: Digest username=\"ann\", response=\"hunter2\"\nHost: h",
            "Authorization: [redacted]\nHost: h",
        ),
        (
            "Cookie: sid=hunter2; theme=dark\r\nHost: h",
            "Cookie: [redacted]\r\nHost: h",
        ),
        (
            "authorization=Bearer hunter2 n=1",
            "authorization=[redacted] n=1",
        ),
        ("mot_de_passe=hunter2", "mot_de_passe=[redacted]"),
        ("smtpPass=hunter2 bypass=1", "smtpPass=[redacted] bypass=1"),
        ("password=\"hunter2", "password=\"[redacted]"),
        ("(password=hunter2)", "(password=[redacted])"),
    ] {
        assert_eq!(red(text), expected);
        assert!(
            SECRETS.iter().all(|secret| !red(text).contains(secret)),
            "{text}"
        );
    }
}

#[test]
fn debug_output_on_several_lines_and_newtypes_hide_their_values() {
    assert_red(&[
        (
            "Cfg {\n    password: Some(\n        \"hunter2\",\n    ),\n    port: 1,\n}",
            "Cfg {\n    password: Some(\n        \"[redacted]\",\n    ),\n    port: 1,\n}",
        ),
        (
            "Cfg {\n    key: ApiKey(\n        \"hunter2\",\n    ),\n}",
            "Cfg {\n    key: ApiKey([redacted]),\n}",
        ),
        (r#"Password("hunter2")"#, "Password([redacted])"),
        (r#"Some(Token("hunter2"))"#, "Some(Token([redacted]))"),
        ("got ApiKey(hunter2) here", "got ApiKey([redacted]) here"),
        ("Secret(a hunter2), port", "Secret([redacted]), port"),
        (
            r#"DbCredentials("ann", "hunter2")"#,
            "DbCredentials([redacted])",
        ),
        (r#"set_password("hunter2")"#, "set_password([redacted])"),
        (
            r#"login: Some(Password("hunter2")), n: 1"#,
            "login: Some(Password([redacted])), n: 1",
        ),
        (
            r#"password: Secret { inner: "hunter2" }, n: 1"#,
            "password: [redacted], n: 1",
        ),
        (
            r#"password: Some(Secret("a", "hunter2")), n: 1"#,
            "password: Some(Secret([redacted])), n: 1",
        ),
        (
            r#"credentials: Keys("ann", "hunter2"), n: 1"#,
            "credentials: [redacted], n: 1",
        ),
        (
            r#"pwd: Some(a hunter2), n: 1"#,
            "pwd: Some([redacted]), n: 1",
        ),
        ("password=abc(hunter2)", "password=[redacted]"),
        (
            r#"text "pwd: Some(\n    \"hunter2\",\n)""#,
            r#"text "pwd: Some(\n    \"[redacted]\",\n)""#,
        ),
    ]);
}

#[test]
fn values_on_the_lines_below_their_name_are_hidden() {
    assert_red(&[
        (
            "{\"password\":\n  \"hunter2\"}",
            "{\"password\":\n  \"[redacted]\"}",
        ),
        (
            "{\"password\"\r\n:\t\r\n\"hunter2\"}",
            "{\"password\"\r\n:\t\r\n\"[redacted]\"}",
        ),
        (
            "password: |\n  hunter2\n  T0pS\nuser: ann",
            "password: |\n  [redacted]\nuser: ann",
        ),
        (
            " a:\n  password: >-\r\n    hunter2\r\n\r\n    s3cr3t\r\n  b: 1",
            " a:\n  password: >-\r\n    [redacted]\r\n  b: 1",
        ),
        ("password:\n    hunter2", "password:\n    [redacted]"),
        (
            "tokens_of:\n  - x\npassword:\nuser: ann",
            "tokens_of:\n  [redacted]\npassword:\nuser: ann",
        ),
        (
            "Cookie: x=1;\r\n y=hunter2\r\nHost: h",
            "Cookie: [redacted]\r\nHost: h",
        ),
        (
            "Authorization:\r\n\tBearer hunter2\r\nHost: h",
            "Authorization:[redacted]\r\nHost: h",
        ),
    ]);
}

#[test]
fn spelling_variants_of_names_are_recognised() {
    for name in [
        "DBPASS",
        "dbpass",
        "pw",
        "db_pw",
        "userPw",
        "passcode",
        "creds",
        "aws_creds",
        "credentials",
        "DbCredentials",
        "Ocp-Apim-Subscription-Key",
        "smtp_pass",
        "SMTPPass",
        "access_token",
        "x-functions-key",
    ] {
        assert_eq!(
            red(&format!("{name}=hunter2 n=1")),
            format!("{name}=[redacted] n=1")
        );
        assert_eq!(
            red(&format!("{name}: 12345678")),
            format!("{name}: [redacted]")
        );
        let mut value = json!({ name: 12_345_678 });
        BUILT_IN.value(&mut value);
        assert_eq!(value, json!({ name: MARK }));
    }
    assert_red(&[
        (
            "https://h/cb?code=hunter2&state=1",
            "https://h/cb?code=[redacted]&state=1",
        ),
        (
            "https://h/cb#access_token=hunter2&code=s3cr3t",
            "https://h/cb#access_token=[redacted]&code=[redacted]",
        ),
    ]);
}

//! How far a secret is hidden, in any text.

use super::{SECRETS, assert_red};
use crate::error::redact::redactor::{BUILT_IN, Redactor};
use proptest::prelude::*;

#[test]
fn text_may_end_behind_any_separator() {
    for text in [
        "/pass:",
        "etc/db-password:",
        "/api_token:\n",
        "/token::",
        "Server=db1;Password={",
        "a=1;PWD=[",
    ] {
        assert_red(&[(text, text)]);
    }
}

#[test]
fn values_are_hidden_to_their_end() {
    assert_red(&[
        ("password=ab&hunter2", "password=[redacted]"),
        (
            "a=1&password=ab&b=hunter",
            "a=1&password=[redacted]&b=hunter",
        ),
        ("password=ab&amp;n=1", "password=[redacted]&amp;n=1"),
        ("password=ab\"hunter2", "password=[redacted]"),
        ("password=ab<hunter2", "password=[redacted]"),
        (
            "Server=db1;Password=correct hunter2;Port=1",
            "Server=db1;Password=[redacted];Port=1",
        ),
        (
            "Password=correct hunter2;Server=db1",
            "Password=[redacted];Server=db1",
        ),
        (
            "\"Server=db1;Pwd=correct hunter2\" is it",
            "\"Server=db1;Pwd=[redacted]\" is it",
        ),
        ("password=correct hunter2", "password=[redacted]"),
        (
            "export DB_PASSWORD=correct hunter2\nHOST=h",
            "export DB_PASSWORD=[redacted]\nHOST=h",
        ),
        (
            "user: ann\npassword: correct hunter2\nport: 1",
            "user: ann\npassword: [redacted]\nport: 1",
        ),
        (
            "password=correct hunter2 user=ann",
            "password=[redacted] user=ann",
        ),
        (
            "password=\"correct hunter2\" user=ann",
            "password=\"[redacted]\" user=ann",
        ),
        ("cookie: a=b; c=hunter2", "cookie: [redacted]"),
        ("cookie=a=b; c=hunter2 n=1", "cookie=[redacted] n=1"),
        (
            "authorization=foo hunter2 n=1",
            "authorization=[redacted] n=1",
        ),
        (
            "authorization=Digest username=\"ann\", response=\"hunter2\"",
            "authorization=[redacted]",
        ),
        ("Bearer 1234:hunter2: no", "Bearer [redacted]: no"),
        ("Bearer 12|hunter2", "Bearer [redacted]"),
        (
            "got eyJhbGciOiJkaXIifQ.T0pSecret1.T0pSecret2.T0pSecret3.T0pSecret4.",
            "got [redacted].",
        ),
        (
            "got eyJhbGciOiJkaXIifQ..T0pSecret2.T0pSecret3.T0pSecret4",
            "got [redacted]",
        ),
    ]);
}

#[test]
fn secrets_are_hidden_in_every_prefix_of_a_text() {
    let text = "é postgres://u:hunter2@h/x?sslkey=s3cr3t {\"password\": \"T0pS\"} Cookie: hunter2\n--token s3cr3t é";
    for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
        let red = BUILT_IN.text(&text[..end]);
        assert!(
            SECRETS.iter().all(|secret| !red.contains(&secret[..4])),
            "{red}"
        );
    }
}

#[test]
fn overlapping_secrets_are_hidden_once() {
    let text = "AKIAkey`[://password[[redacted]key?-------BEGIN [)PRIVATE KEY-----eyJkey-----END =1[AKIApassword.`)\
                Some(([redacted]1---------BEGIN PRIVATE KEY-----token";
    assert!(Redactor::current().text(text).contains("[redacted]"));
}

proptest! {
    #[test]
    fn any_text_is_redacted_without_panic(text in "\\PC{0,80}") {
        let _ = BUILT_IN.text(&text);
        let _ = BUILT_IN.line(&text, 10);
    }

    #[test]
    fn any_mix_of_announcements_is_redacted_without_panic(parts in prop::collection::vec(prop::sample::select(vec![
        "password", "=", ":", "\"", "'", "`", "\\", "://", "@", "Bearer ", "basic", "eyJ", ".", "é", "\u{202e}", " ", "[", "]", "{", "}",
        "(", ")", "Some(", "Password(", "<Password>", "</", "<", ">", "<![CDATA[", "]]>", "%3D", "%22", "%25", "%", "|", ";", "@tcp(", "/",
        "jdbc:oracle:thin:", "hooks.slack.com/services/", "Cookie", "authorization=", "value", "name", "a", " a=", "\\n", "\r\n ", "-----BEGIN ", "PRIVATE KEY-----", "-----END ", "--", "token", ",", "&", "?", "key", "[redacted]", "AKIA", "1", "\n", "name: ", "value: ", "kind: Secret", "data:", "VALUES (", "curl -u ", "mysql -p",
        "IDENTIFIED BY ", "seed ", "4111 1111 1111 1111", "\\u0070", "&quot;", "\u{200b}", "\u{ff1d}", "<<\"", "$2b$", "form-data; name=", "/reset/", "${", "Private-Lines:",
        "kty", "\"k\":", "string(3) ", "mot de passe", "X9k2Lm7", "%ff", "\\x41", "smtp.login('a', '", "echo x | sudo -S", "<key>password</key>", "{password,\"", "---- BEGIN ", "\u{201c}", "\u{ab} ",
        "\" -> \"", "fm2_", "UGFzc3dvcmQ6", "SETUSER >", "AUTH ", "LOGIN ", " is ", "login=a:", " -u a -p ", "credentials ", " / ", "&a ", "Optional[", "h:5432:a:b:",
    ]), 0..40)) {
        let text = parts.concat();
        let once = BUILT_IN.text(&text).into_owned();
        let _ = BUILT_IN.text(&once);
    }

    #[test]
    fn password_beside_any_text_is_hidden(before in "[ -~]{0,20}", after in "[ -~]{0,20}") {
        let text = format!("{before} password=hunter2 {after}");
        prop_assert!(!BUILT_IN.text(&text).contains("hunter2"));
    }
}

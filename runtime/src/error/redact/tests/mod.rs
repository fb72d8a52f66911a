use super::{
    redactor::{BUILT_IN, Redactor},
    sensitive::MARK,
    *,
};
use proptest::prelude::*;
use serde_json::json;
use std::borrow::Cow;

mod kinds;

/// Words that stand for secrets in the tests below; none of them may be seen.
const SECRETS: &[&str] = &["hunter2", "s3cr3t", "T0pS"];

fn red(text: &str) -> String {
    let once = BUILT_IN.text(text).into_owned();
    assert_eq!(
        BUILT_IN.text(&once),
        once,
        "redacting twice changes nothing"
    );
    once
}

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

/// Asserts what each text becomes, and that nothing of a secret is left.
fn assert_red(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(red(text), *expected, "{text}");
        assert!(
            SECRETS.iter().all(|secret| !expected.contains(secret)),
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
fn values_below_their_name_are_hidden() {
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

#[test]
fn passwords_in_addresses_are_hidden_whatever_they_hold() {
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
fn no_half_of_a_value_is_left() {
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
fn names_as_people_write_them_are_known() {
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

#[test]
fn tokens_and_hooks_of_well_known_services_are_hidden() {
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

#[test]
fn a_name_stays_as_it_is_unless_it_holds_a_secret() {
    for plain in [
        "payments",
        "auth:token:refresh",
        "password-reset",
        "my crate::session",
        "db-1",
        "été",
        "GET /a?b=1",
    ] {
        assert!(
            matches!(name(plain), Cow::Borrowed(same) if same == plain),
            "{}",
            name(plain)
        );
    }
    assert_eq!(
        name("https://u:hunter2@h/?token=s3cr3t"),
        "https://[redacted]@h/?token=[redacted]"
    );
}

#[test]
fn amounts_and_ordinary_sentences_stay() {
    for text in [
        "tokens: 512, max_tokens=100, maxTokens=7, prompt_tokens: 9, token_ttl=60",
        "min_password_length: 12 password_max=64 session_age: 5 cookies=2",
        "the password (see the manual) must have 12 characters; Token(s) expired, Tokens(5), TokenExpired(5s)",
        "a Vec<Token> and an Option<Password> of <b>bold</b>; usage: login <user> <password> [options]",
        "error code=500 at https://h/p?code=404&a=1 and key=5",
        "discord.com/channels/5 and hooks in hooks.rs, https://hooks.example.org/x",
        "ann@example.org wrote at 12:30:05 to bob@example.org: call main@plt(x), a:b@host",
        "http://db1:8080/users/ann@example.org and http://h:80/@ann",
        "postgres://db1:5432/orders?user=ann@example.org",
        "50% of 20%ab and a%20b%2Fc, 100%3",
        "drawing 7, white, yes: w=1 d=2 y=3; SG is Singapore, whsec is short",
        "id 0190a6c2-7c1e-7d2a-8a51-1f2e3d4c5b6a at 2026-11-24T14:00:05.123Z, 123456:789",
        "/var/lib/app/token-cache/session.d: not found; C:\\secrets\\new",
        "Bearer: None; auth: failed",
        "compass=1 bypass=2 encompass: 3 trespass=4 pwm=5",
        "Password:\nlogin failed",
        "{\"value\": \"x\", \"name\": \"colour\", \"code\": 5}",
    ] {
        assert!(
            matches!(BUILT_IN.text(text), Cow::Borrowed(same) if same == text),
            "{}",
            BUILT_IN.text(text)
        );
    }
}

#[test]
fn ordinary_texts_are_returned_as_they_are_and_not_copied() {
    for text in [
        "",
        "no route to db1",
        "connect to https://h:8080/p?a=1&b=2 failed: timeout=30s",
        "http://[::1]:80/x",
        "at src/token.rs:12:5 in token::Kind::parse",
        "mailto:ann@example.org",
        "ssh://git@github.com/x",
        "max_tokens=100 token_count: 5 sessions: 3 cookies=2 password_min_length = 8",
        "password: None, token=null, secret: \"\", has_password=true",
        "invalid token `;`, expected `}`",
        "Basic checks passed; bearer token required",
        "monkey=banana hotkey: ctrl, primary key: 7",
        "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
        "--verbose --output file -- x",
        "bypass=1 compass: north, tokenizer=bpe",
        "src/session.rs:7: no, password.txt: not found, secrets.json:1",
        "déjà vu: élève=5, 中文：值",
        "password=[redacted] token: [redacted]",
    ] {
        assert!(
            matches!(BUILT_IN.text(text), Cow::Borrowed(same) if same == text),
            "{}",
            BUILT_IN.text(text)
        );
    }
}

#[test]
fn values_are_redacted_by_names_and_by_shapes_at_any_depth() {
    let mut value = json!({
        "user": "ann",
        "password": "hunter2",
        "pin": 1,
        "max_tokens": 100,
        "token": 123_456,
        "session": null,
        "deep": [[{"dsn": {"a": "hunter2"}, "url": "x://u:hunter2@h", "auth": "hunter2"}], "Bearer hunter2"],
        "headers": [["Cookie", "hunter2"], ["Accept", "text/html"], {"name": "X-Api-Key", "value": "hunter2"}],
        "x://u:hunter2@h": 1,
        "key": "plain", "secrets": [], "code": 5,
    });
    BUILT_IN.value(&mut value);
    let expected = json!({
        "user": "ann",
        "password": MARK,
        "pin": 1,
        "max_tokens": 100,
        "token": MARK,
        "session": null,
        "deep": [[{"dsn": MARK, "url": "x://[redacted]@h", "auth": MARK}], "Bearer [redacted]"],
        "headers": [["Cookie", MARK], ["Accept", "text/html"], {"name": "X-Api-Key", "value": MARK}],
        "x://[redacted]@h": 1,
        "key": "plain", "secrets": [], "code": 5,
    });
    assert_eq!(value, expected);
}

#[test]
fn a_user_adds_names_exempts_names_and_adds_rules() {
    let own = Redactor::new()
        .secret_name("Matricule-No")
        .plain_name("session")
        .secret_name("!")
        .rule(|text| text.contains("4711").then(|| text.replace("4711", "####")));
    assert_eq!(
        own.text("x_matricule_no=7 session=9 4711 password=x"),
        "x_matricule_no=[redacted] session=9 #### password=[redacted]"
    );
    let mut value =
        json!({"matriculeNo": 7, "session": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi", "n": "4711"});
    own.value(&mut value);
    assert_eq!(
        value,
        json!({"matriculeNo": MARK, "session": MARK, "n": "####"})
    );
    let debug = format!("{own:?}");
    assert!(
        debug.contains("matriculeno") && debug.contains("rules: 1"),
        "{debug}"
    );
}

#[test]
fn a_rule_that_panics_hides_the_whole_text() {
    let own = Redactor::new().rule(|_| panic!("a faulty rule"));
    assert_eq!(own.text("anything"), MARK);
    let mut value = json!(["anything"]);
    own.value(&mut value);
    assert_eq!(value, json!([MARK]));
}

#[test]
fn a_line_escapes_what_forges_lines_and_keeps_the_rest() {
    let line = |text| BUILT_IN.line(text, 200).into_owned();
    assert_eq!(
        line("a\r\nERROR b\0\u{1b}[31m\tc"),
        r"a\r\nERROR b\0\u{1b}[31m\tc"
    );
    assert_eq!(
        line("\u{202e}gpj.exe \u{2028}\u{9b}\u{2066}"),
        r"\u{202e}gpj.exe \u{2028}\u{9b}\u{2066}"
    );
    assert!(matches!(
        BUILT_IN.line("déjà vu 👩‍👩‍👧 C:\\temp", 200),
        Cow::Borrowed(_)
    ));
}

#[test]
fn a_line_is_cut_at_a_character_and_says_so() {
    assert_eq!(BUILT_IN.line("ééé", 5), "éé… (cut, 6 bytes in all)");
    assert_eq!(BUILT_IN.line("ab\n", 3), "ab… (cut, 3 bytes in all)");
    let long = "é ".repeat(5_000_000);
    let line = BUILT_IN.line(&long, 4096);
    assert!(
        line.len() < 4096 + 64 && line.ends_with("(cut, 15000000 bytes in all)"),
        "{}",
        line.len()
    );
    assert_eq!(sink_display(&"x".repeat(20_000), 10), "xxxxxxxxxx… (cut)");
    assert_eq!(sink_display(&"a\nb", 10), "a\\nb");
}

#[test]
fn a_secret_is_not_uncovered_by_the_cut() {
    for at in 0..600 {
        let text = format!(
            "{} password={} {}",
            "x ".repeat(at),
            "hunter2".repeat(20),
            "y ".repeat(2000)
        );
        for line in [
            BUILT_IN.line(&text, 100).into_owned(),
            sink_display(&text, 100),
        ] {
            assert!(!line.contains("hunter"), "{at}: {line}");
        }
    }
}

#[test]
fn half_a_token_at_the_end_of_what_is_looked_at_is_left_out() {
    // The long password becomes short, so that the end of the window comes into sight.
    for shown in 0..40 {
        let password = "p".repeat(2 * 100 + 1024 - "password= ".len() - shown);
        let text = format!(
            "password={password} ghp_{} {}",
            "abcde12345".repeat(4),
            "rest ".repeat(500)
        );
        for line in [
            BUILT_IN.line(&text, 100).into_owned(),
            sink_display(&text, 100),
        ] {
            assert!(
                line.starts_with("password=[redacted]… (cut"),
                "{shown}: {line}"
            );
        }
    }
}

#[test]
fn every_prefix_of_a_text_with_secrets_hides_them() {
    let text = "é postgres://u:hunter2@h/x?sslkey=s3cr3t {\"password\": \"T0pS\"} Cookie: hunter2\n--token s3cr3t é";
    for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
        let red = BUILT_IN.text(&text[..end]);
        assert!(
            SECRETS.iter().all(|secret| !red.contains(&secret[..4])),
            "{red}"
        );
    }
}

/// Texts that are repeated to find one that is looked at more than a bounded number of times.
const REPEATED: &[&str] = &[
    "password=",
    "password=[redacted] ",
    "a=",
    "=",
    ":",
    "://",
    "a://b:c/",
    "a://b:c",
    "a://b@",
    "\"",
    "'",
    "\\\"",
    "[",
    "{",
    "token: [",
    "eyJ",
    "eyJ.",
    "eyJaaaaaaaa.",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY",
    "--token ",
    "Bearer ",
    "basic ",
    "password \"",
    "password='",
    "password=\\\"[redacted]",
    "Cookie: ",
    "tokens=1 ",
    "secret",
    "é",
    "é=",
    " ",
    "key key ",
    "(\"token\",\"",
    "password=Some(",
    "password=#",
    "password=,",
    "password=,a",
    "password:  ",
    "password=Some(\n",
    "password=Abc(",
    "password: Abc {",
    "password: Secret(\"a\",",
    "password:\n",
    "\"password\":\n\n",
    "password: |\n",
    "password: |\n  [redacted]\n",
    " password: |\n  a\n",
    "Password(",
    "Password(\"",
    "Tokens(1 ",
    "Token([redacted] ",
    "(",
    "((",
    "<",
    "<Password>",
    "<Password>a",
    "<Password><",
    "<Password><![CDATA[",
    "<Password><![CDATA[[redacted]",
    "<password a=",
    "</",
    "@tcp(",
    "a@tcp(",
    "a:@tcp(",
    "\"a@tcp(",
    "@",
    "jdbc:oracle:thin:",
    "jdbc:oracle:thin:a/b ",
    "oracle:thin:@",
    "p://a:1/",
    "p://a:1/?",
    "p://a:b\"c",
    "p://a:b<",
    "p://a:b@c\"",
    "hooks.slack.com/services/",
    "hooks.slack.com/services/[redacted]",
    "https://api.telegram.org/bot",
    "123456:",
    "%",
    "%3D",
    "%25",
    "%2525",
    "%22 ",
    "password%3D",
    "a%3A%2F%2Fb%3A",
    "Cookie: a\n b",
    "Cookie:\n ",
    "cookie=a; ",
    "cookie=a b",
    "authorization=digest ",
    "password=a;",
    "password=a;b=",
    ";password=a ",
    "\npassword=a",
    "\npassword: a",
    "password=a&",
    "password=a\"b",
    "password=a<b",
    "value: \"",
    "\"name\":\"token\",\"value\":",
    "SG.",
    "eyJaaaaaaaa..",
    "\\n",
    "password:\\n",
    "name: token value: ",
    "\"value\": \"a",
    "kind: Secret\ndata: {",
    "data: {kind: Secret",
    "{\"kty\":\"k\":\"",
    "Private-Lines: 1\n",
    "VALUES (",
    "(token) VALUES ('",
    "(token, ",
    "curl -u a:",
    "mysql -p'",
    "password a ",
    "password password ",
    "seed abcd ",
    "seed ",
    "AUTH ",
    "identified by '",
    "key `token` \"",
    "\"a1b2c3\" for key `token` ",
    "form-data; name=\"token\"",
    "/reset/",
    "a:b@",
    "4111 ",
    "4111-1111-1111-1111",
    "1234",
    "\\u0070",
    "&quot;",
    "\u{200b}",
    "\u{ff1d}",
    "<<\"",
    "token,<<\"",
    "password: [",
    "password: [a, ",
    "password=(\"",
    "password: \"a ",
    "?a=",
    "a://b@c@",
    "a://@",
    "$2b$",
    "eyJ\"",
    "string(3) \"",
    "password: string(3) ",
    "mot de passe ",
    "smtp.login('",
    "new PDO('a', ",
    "auth=('",
    "echo x | ",
    "echo x",
    "<key>",
    "<key>password</key>",
    "<key>password</key><a>",
    "a,\"",
    "{password,\"",
    "---- BEGIN ",
    "---- BEGIN SSH2 PRIVATE KEY",
    "\u{201c}",
    "password=\u{ab} ",
    "password=\"a\" -> \"",
    "1/12345678901:",
    "fm2_",
    "fm2_+",
    "AbCd1.",
    "UGFzc3dvcmQ6 ",
    "SETUSER ",
    "AUTH a ",
    "password is ",
    "password\n",
    "password                     ",
    "login=a:",
    "-u a -p ",
    "credentials / ",
    "password: &a ",
    "secret=Optional[",
    "h:5432:",
    "arn:secret:",
    "(token)=(",
    "(token, a)=(b, ",
    "<password><value>",
    "password rejected value [",
    "path: [password, ",
    "password=[",
    "PWD={",
    "net use ",
    "wsrep_sst_auth=a:",
];

#[test]
fn steps_grow_linearly_with_the_length_of_any_text() {
    let steps = |part: &str, len: usize| {
        let text = part.repeat(len / part.len());
        steps::during(|| assert!(BUILT_IN.text(&text).len() <= text.len() * 12))
    };
    let mut steep = Vec::new();
    for part in REPEATED {
        let (short, long) = (steps(part, 4_000), steps(part, 16_000));
        if long > short * 5 + 1_000 || long > 16_000 * 2_000 {
            steep.push((part, short, long));
        }
    }
    assert!(
        steep.is_empty(),
        "steps for 4,000 and for 16,000 bytes: {steep:?}"
    );
}

#[test]
fn secrets_that_reach_into_each_other_are_hidden_once() {
    let text = "AKIAkey`[://password[[redacted]key?-------BEGIN [)PRIVATE KEY-----eyJkey-----END =1[AKIApassword.`)\
                Some(([redacted]1---------BEGIN PRIVATE KEY-----token";
    assert!(Redactor::current().text(text).contains("[redacted]"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}") {
        let _ = BUILT_IN.text(&text);
        let _ = BUILT_IN.line(&text, 10);
    }

    #[test]
    fn no_mix_of_what_it_knows_makes_it_panic(parts in prop::collection::vec(prop::sample::select(vec![
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
    fn a_password_beside_anything_is_hidden(before in "[ -~]{0,20}", after in "[ -~]{0,20}") {
        let text = format!("{before} password=hunter2 {after}");
        prop_assert!(!BUILT_IN.text(&text).contains("hunter2"));
    }
}

#[test]
fn only_allowed_values_stay_and_secrets_in_them_do_not() {
    let own = Redactor::new()
        .allow_only(["user_id", "url"])
        .allow_only(["tags"]);
    for (text, expected) in [
        ("no user for userId=42", "no user for userId=42"),
        ("user_id: 42, ward: B7", "user_id: 42, ward: [redacted]"),
        (
            "can't open 'Ann Smith.txt' for (x9)",
            "can't open '[redacted]' for ([redacted])",
        ),
        ("ward=north and north", "ward=[redacted] and north"),
        (
            "url=https://u:hunter2@h/x password=hunter2",
            "url=https://[redacted]@h/x password=[redacted]",
        ),
        ("failed: 'unclosed 7", "failed: '[redacted]"),
        ("été à l'hôpital", "été à l'hôpital"),
    ] {
        let once = own.text(text).into_owned();
        assert_eq!(once, expected);
        assert_eq!(own.text(&once), once, "redacting twice changes nothing");
    }
    let mut value = json!({
        "user_id": 42, "tags": ["a1", {"deep": 7}], "patient": {"age": 7, "ill": true, "room": null, "name": "Ann"},
        "list": [1, "no bed", "B7"], "url": "https://u:hunter2@h", "token": 5,
    });
    own.value(&mut value);
    let expected = json!({
        "user_id": 42, "tags": ["a1", {"deep": 7}], "patient": {"age": MARK, "ill": true, "room": null, "name": MARK},
        "list": [MARK, "no bed", MARK], "url": "https://[redacted]@h", "token": MARK,
    });
    assert_eq!(value, expected);
}

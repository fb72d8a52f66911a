//! Texts that stay as they are.

use crate::error::redact::{name, redactor::BUILT_IN};
use std::borrow::Cow;

#[test]
fn guard_names_are_unchanged_unless_they_contain_a_secret() {
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
fn amounts_and_ordinary_sentences_are_unchanged() {
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
fn ordinary_texts_are_returned_without_a_copy() {
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

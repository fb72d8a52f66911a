//! Passwords and keys: in no message, no line and no `Debug` text.

use gardefou::{ErrorSystem, system::ConfigFile};

const PLANTED: &str = "hunter2hunter2hunter2";

#[test]
fn planted_secrets_are_not_shown() {
    for text in [
        "[alerts.mail]\nhost = \"h\"\nuser = \"u\"\npassword = \"SECRET\"\nport = 70000\nto = \"x\"",
        "[alerts.mail]\npassword = \"SECRET\"",
        "[alerts.mail]\npassword = [\"SECRET\"]",
        "[alerts.mail]\npasword = \"SECRET\"",
        "[alerts.mail]\npassword = \"SECRET",
        "[alerts.mail]\npassword = 'SECRET' x",
        "[alerts.mail]\npassword = \"\"\"\nSECRET",
        "[alerts.webhook]\nurl = \"http://hooks.example.com/SECRET\"",
        "[alerts.webhook]\nurl = \"SECRET\"\nsecret = \"SECRET\"",
        "[alerts.webhook]\nsecret = \"SECRET\"\nformat = 7",
        "[alerts]\nwebhook = { url = \"SECRET\", secret = 7 }",
        "alerts.mail.password = \"SECRET\"\nalerts.mail.pasword = \"SECRET\"",
        "[smtp]\npassword = \"SECRET\"",
        "[breaker.payments]\npassword = \"SECRET\"",
        "[breaker.payments]\npassword = \"SECRET",
        "[breaker.payments]\ncolour = \"SECRET\"",
        "password = \"SECRET\"",
    ] {
        let err =
            ConfigFile::parse("gardefou.toml", &text.replace("SECRET", PLANTED)).expect_err(text);
        let shown = format!("{err} {err:?}");
        assert!(!shown.contains("hunter2"), "{text}: {shown}");
    }
}

#[test]
fn file_and_builder_hide_their_values() {
    let text = format!(
        "[alerts.webhook]\nurl = \"https://hooks.example.com/{PLANTED}\"\nsecret = \"{PLANTED}\""
    );
    let file = ConfigFile::parse("gardefou.toml", &text);
    let shown = format!("{file:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let shown = format!("{:?}", ErrorSystem::builder().config_file("gardefou.toml"));
    assert!(shown.contains("gardefou.toml"), "{shown}");
}

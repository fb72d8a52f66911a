//! One text or more for each way in which a secret is announced, beside what only looks like it.

use super::{assert_red, red};
use crate::error::redact::redactor::BUILT_IN;
use std::borrow::Cow;

fn assert_stays(texts: &[&str]) {
    for text in texts {
        assert!(
            matches!(BUILT_IN.text(text), Cow::Borrowed(same) if same == *text),
            "{}",
            BUILT_IN.text(text)
        );
    }
}

#[test]
fn literal_arguments_of_functions_that_take_a_secret_are_hidden() {
    assert_red(&[
        (
            "PDO->__construct('mysql:host=h', 'root', 'hunter2')",
            "PDO->__construct('mysql:host=h', 'root', '[redacted]')",
        ),
        (
            "ftp_login(c, \"ann\", \"hunter2\")",
            "ftp_login(c, \"ann\", \"[redacted]\")",
        ),
        (
            "smtp.login(user(1, 'a'), 'hunter2')",
            "smtp.login(user(1, 'a'), '[redacted]')",
        ),
        (
            "get(url, auth=('ann', 'hunter2'))",
            "get(url, auth=('ann', '[redacted]'))",
        ),
        (
            "define('DB_PASSWORD', \"hunter2\");",
            "define('DB_PASSWORD', \"[redacted]\");",
        ),
        ("{password,\"hunter2\"}", "{password,\"[redacted]\"}"),
    ]);
    assert_stays(&[
        "connect(\"db01\", \"app\", 5432)",
        "xs3('a', 'b', 'c')",
        "hmac(key, data)",
        "auth=('basic', 'digest')",
    ]);
}

#[test]
fn options_of_programs_and_what_is_piped_into_them_are_hidden() {
    assert_red(&[
        (
            "echo 'hunter2' | sudo -S id",
            "echo '[redacted]' | sudo -S id",
        ),
        (
            "echo -n 'ann:hunter2' | sudo chpasswd",
            "echo -n 'ann:[redacted]' | sudo chpasswd",
        ),
        (
            "printf '%s' hunter2 | docker login --password-stdin r",
            "printf '%s' [redacted] | docker login --password-stdin r",
        ),
        (
            "sqlplus -S scott/hunter2@h:1521/x",
            "sqlplus -S scott/[redacted]@h:1521/x",
        ),
        ("net user ann hunter2 /add", "net user ann [redacted] /add"),
        (
            "tool -u ann -h db -p s3cr3t!x",
            "tool -u ann -h db -p [redacted]",
        ),
        (
            "etcdctl --user root:hunter2 get a",
            "etcdctl --user root:[redacted] get a",
        ),
        (
            "keytool -storepass hunter2 -list",
            "keytool -storepass [redacted] -list",
        ),
        (
            "npm config set //r/:_password T0pSecret",
            "npm config set //r/:_password [redacted]",
        ),
    ]);
    assert_stays(&[
        "echo done | tee build.log",
        "echo hello | docker run -i alpine cat",
        "net user command completed successfully",
        "psql -U app2 -p 5433 -h db01",
        "docker run -p 8080:80 -u 1000:1000 nginx",
        "cargo test -p web3js2x failed",
        "mysql [OPTIONS] -p, --password[=name]",
    ]);
}

#[test]
fn passwords_in_sentences_are_hidden() {
    assert_red(&[
        (
            "the password was \"hunter2\" yesterday",
            "the password was \"[redacted]\" yesterday",
        ),
        (
            "das Kennwort lautet s3cr3t",
            "das Kennwort lautet [redacted]",
        ),
        (
            "le mot de passe est « hunter2 »",
            "le mot de passe est « [redacted]»",
        ),
        (
            "Das Passwort „hunter2“ ist falsch",
            "Das Passwort [redacted] ist falsch",
        ),
        ("密码是 s3cr3t", "密码是 [redacted]"),
        (
            "a new password for you: s3cr3t",
            "a new password for you: [redacted]",
        ),
        (
            "password hunter2 is too short",
            "password [redacted] is too short",
        ),
        (
            "wrong credentials ann / s3cr3t",
            "wrong credentials ann / [redacted]",
        ),
        ("AUTH default s3cr3t", "AUTH default [redacted]"),
        (
            "a1 LOGIN \"ann\" \"hunter2\"",
            "a1 LOGIN \"ann\" \"[redacted]\"",
        ),
        (
            "connect to x user ann using s3cr3t",
            "connect to x user ann using [redacted]",
        ),
        (
            "ACL SETUSER ann on >hunter2 ~*",
            "ACL SETUSER ann on >[redacted] ~*",
        ),
        (
            "password    s3cr3t-1\nuser        ann",
            "password    [redacted]\nuser        ann",
        ),
        (
            "~ password = \"hunter2\" -> \"s3cr3t\"",
            "~ password = \"[redacted]\"",
        ),
        ("db:5432:*:ann:hunter2", "db:5432:*:ann:[redacted]"),
    ]);
    assert_stays(&[
        "the password is base64-encoded, then hashed with argon2id",
        "password for user2 at web01 has expired",
        "password was last rotated 90d ago",
        "user / group2x not found",
        "auth / login2fa page is missing",
        "src/lib.rs:1204:17:error: expected `;`",
        "“token” is not a function, can’t parse",
        "key `a` is from user ann using psql14",
    ]);
}

#[test]
fn values_beside_names_in_other_notations_are_hidden() {
    assert_red(&[
        (
            "<key>Password</key>\n<string>hunter2</string>",
            "<key>Password</key>\n<string>[redacted]</string>",
        ),
        (
            "<name>db.password</name><value>hunter2</value>",
            "<name>db.password</name><value>[redacted]</value>",
        ),
        ("password: <<\"hunter2\">>", "password: <<\"[redacted]\">>"),
        ("PASSWORD: &pw hunter2", "PASSWORD: &pw [redacted]"),
        (
            "'password' => string 'hunter2' (length=7)",
            "'password' => string '[redacted]' (length=7)",
        ),
        ("secret=Optional[s3cr3t]", "secret=Optional[[redacted]]"),
        ("login=ann:s3cr3t!", "login=ann:[redacted]"),
    ]);
    assert_stays(&[
        "password: Optional[str] = None",
        "API_KEY= is empty",
        "password_encryption = scram-sha-256",
        "no arn:aws:secretsmanager:eu-west-1:1:secret:prod/db-a1b2c3",
        "https://h/reset-password: 404",
        "postgres://app@db/orders: no entry",
        "next: Token(43)",
    ]);
}

#[test]
fn tokens_are_recognised_by_their_parts() {
    for token in [
        "NTk4hunter2XhunterAbcd12.Gh4k2L.ahunter2bhunter2chunter2dhunter2e",
        "0123456789abcdef0123456789abcdef-us14",
        "1/1204567890123:0123456789abcdef0123456789abcdef",
        "sdk-01234567-89ab-cdef-0123-456789abcdef",
        "abc1Q~hunter2hunter2hunter2hunter2hunt",
        "kYZc5LZsRHG8DvI5q1iH1+njFRiIPTKt2Pnh9+Ip",
        "acme_4QlnzGKcckpN9reTQxzqOUDdHk2Mi0aBc",
        "fm2_drvuc7BwOUx8jA4iWdSvH6CV+h7asoE3/HmuJ1872",
    ] {
        assert_eq!(red(&format!("got {token}, used")), "got [redacted], used");
    }
    assert_red(&[
        ("pbkdf2_sha256$600000$hunter2hunter2", "[redacted]"),
        (
            "k -----BEGIN OpenVPN Static key V1-----\nhunter2\n-----END OpenVPN Static key V1-----\nr",
            "k [redacted]\nr",
        ),
        (
            "---- BEGIN SSH2 PRIVATE KEY ----\nhunter2\n---- END SSH2 PRIVATE KEY ----\nr",
            "[redacted]\nr",
        ),
    ]);
    assert_stays(&[
        "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "payment pi_3MtwBwLkdIwHu7ix28a3tqPa, feature_flag_NewCheckoutFlow2Enabled",
        "5f3c9a1e2b4d6f8091a3b5c7d9e1f20314253647",
        "github.com/acme/web3js2x@v1.2.3: module not found",
    ]);
}

#[test]
fn values_in_details_of_databases_and_alone_in_brackets_are_hidden() {
    assert_red(&[
        (
            "Key (token)=(kq9x7lm) already exists.",
            "Key (token)=([redacted]) already exists.",
        ),
        (
            "Key (id, api_key)=(4, kq9x7lm) already exists.",
            "Key (id, api_key)=(4, [redacted]) already exists.",
        ),
        ("bound password=[blueberry]", "bound password=[redacted]"),
        (
            "DRIVER={P};UID=app;PWD={blue;b3rry};",
            "DRIVER={P};UID=app;PWD=[redacted];",
        ),
        ("secret=b'blue-berry'", "secret=b'[redacted]'"),
        (
            "crypt('blueberry', gen_salt('bf'))",
            "crypt('[redacted]', gen_salt('bf'))",
        ),
    ]);
    assert_stays(&[
        "Key (session_id)=(42) is not present in table \"sessions\".",
        "Key (user_id, token_type)=(42, refresh) already exists.",
        "password=[required] email=[invalid]",
        "PWD={password};user={user}",
        "f(a)=(b) and (c)=(d)",
    ]);
}

#[test]
fn values_rejected_by_a_validation_are_hidden() {
    assert_red(&[
        (
            "\"password\" with value \"blueberry\" fails",
            "\"password\" with value \"[redacted]\" fails",
        ),
        (
            "Path `password` (`plum`) is too short",
            "Path `password` (`[redacted]`) is too short",
        ),
        (
            "on field 'password': rejected value [plum]",
            "on field 'password': rejected value [[redacted]]",
        ),
        (
            "{'loc': ('body', 'password'), 'input': 'plum'}",
            "{'loc': ('body', 'password'), 'input': '[redacted]'}",
        ),
        (
            "<Password><Value>plum</Value></Password>",
            "<Password><Value>[redacted]</Value></Password>",
        ),
    ]);
    assert_stays(&[
        "on field 'age': rejected value [17]",
        "{'loc': ('body', 'age'), 'input': 'plum'}",
        "<Password><Rules>plum</Rules></Password>",
    ]);
}

#[test]
fn words_with_a_number_are_hidden_where_a_password_stands() {
    assert_red(&[
        (
            "line 7: password blueberry9: unexpected",
            "line 7: password [redacted]: unexpected",
        ),
        (
            "rootpw --plaintext blueberry9 --lock",
            "rootpw --plaintext [redacted] --lock",
        ),
        (
            "insecure-password blueberry : unknown",
            "insecure-password [redacted] : unknown",
        ),
        (
            "syntax error at user \"ann\" pass \"plum\"",
            "syntax error at user \"ann\" pass \"[redacted]\"",
        ),
        ("The secret is blueberry9", "The secret is [redacted]"),
        (
            "login attempt ann:blueberry9 failed",
            "login attempt ann:[redacted] failed",
        ),
        (
            "net use z: \\\\h\\x /user:ann blueb3rry",
            "net use z: \\\\h\\x /user:ann [redacted]",
        ),
        (
            "login ann / blueberry77 denied",
            "login ann / [redacted] denied",
        ),
        (
            "sst_auth: wsrep_sst_auth = ann:plum",
            "sst_auth: wsrep_sst_auth = ann:[redacted]",
        ),
        (
            "Auth->login('ann', 'plum')",
            "Auth->login('ann', '[redacted]')",
        ),
        (
            "invalid value 'plum' for '--password <P>'",
            "invalid value '[redacted]' for '--password <P>'",
        ),
        (
            "\"app\" \"SCRAM-SHA-256$4096:kQ9x7Lm==\"",
            "\"app\" \"[redacted]\"",
        ),
        (
            "API key: X-Api-Key: kq9x7lmz",
            "API key: X-Api-Key: [redacted]",
        ),
        (
            "X-Hub-Signature-256: sha256=5257a869e7ec",
            "X-Hub-Signature-256: [redacted]",
        ),
    ]);
    assert_stays(&[
        "password server01 in use",
        "The secret is base64 encoded",
        "insecure-password is deprecated",
        "password hash upgraded from bcrypt to argon2id for user 42",
        "invalid value 'plum' for '--fruit <FRUIT>'",
        "login --user NAME --password PASSWORD",
        "please run `cargo login` or use environment variable REGISTRY_TOKEN",
        "try `vault login` first, then read",
    ]);
}

//! `app_error!`, `bail!` and `ensure!` as users write them.

use gardefou::{AppError, ErrorCode, Result, app_error, bail, ensure};
use std::collections::BTreeMap;

const CODE: ErrorCode = ErrorCode::DB_CONNECTION_ERROR;

#[test]
fn message_is_formatted_as_in_format() {
    let (host, width) = ("db1", 6);
    assert_eq!(
        app_error!(CODE, "no route to {host}").message(),
        "no route to db1"
    );
    assert_eq!(
        app_error!(CODE, "no route to {}", host,).message(),
        "no route to db1"
    );
    assert_eq!(
        app_error!(CODE, "{0}-{h}-{0:>1$}", 7, width, h = host).message(),
        "7-db1-     7"
    );
    assert_eq!(app_error!(CODE, "{{literal}}").message(), "{literal}");
    assert_eq!(app_error!(CODE, concat!("{", "}!"), host).message(), "db1!");
}

#[test]
fn message_can_be_any_displayable_expression() {
    let owned = String::from("{not a format}");
    assert_eq!(app_error!(CODE, owned).message(), "{not a format}");
    assert_eq!(app_error!(CODE, owned.len() + 1).message(), "15");
    assert_eq!(
        app_error!(CODE, std::io::Error::other("disk"); n = 1).message(),
        "disk"
    );
}

#[test]
fn message_defaults_to_the_name_of_the_code() {
    for err in [
        app_error!(CODE),
        app_error!(CODE,),
        app_error!(CODE; n = 1),
        app_error!(CODE;),
    ] {
        assert_eq!(err.message(), "DB_CONNECTION_ERROR");
    }
}

#[test]
fn details_follow_a_semicolon() {
    struct Shown;
    impl std::fmt::Display for Shown {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("shown")
        }
    }
    let (host, opt) = (String::from("db1"), Some(1));
    let map = BTreeMap::from([(1, 'a')]);
    let err = app_error!(CODE, "x {}", host.len(); host, port = 5000 + 432, "odd key" = map, shown = %Shown, dbg = ?opt, "q" = ?host, ?opt, );
    let expected = serde_json::json!({
        "host": "db1", "port": 5432, "odd key": {"1": "a"}, "shown": "shown", "dbg": "Some(1)", "q": "\"db1\"", "opt": "Some(1)",
    });
    assert_eq!(serde_json::Value::Object(err.details().clone()), expected);
    assert_eq!(host, "db1", "details borrow");
}

#[test]
fn hundred_arguments_stay_below_the_recursion_limit() {
    let n = 1;
    let err = app_error!(
        CODE,
        "{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}",
        n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n;
        a = n, b = n, c = n, d = n, e = n, f = n, g = n, h = n, i = n, j = n, k = n, l = n, m = n, o = n, p = n, q = n
    );
    assert_eq!(
        (err.message(), err.details().len()),
        ("1".repeat(40).as_str(), 16)
    );
}

#[test]
fn location_is_the_line_of_the_macro_call() {
    fn bails() -> Result<()> {
        bail!(CODE, "x")
    }
    fn ensures() -> Result<()> {
        ensure!(1 > 2, CODE);
        Ok(())
    }
    let line = line!();
    let here = app_error!(CODE, "x {line}"; line);
    assert_eq!(
        (here.location().file(), here.location().line()),
        (file!(), line + 1)
    );
    assert_eq!(app_error!(CODE; line).location().line(), line!());
    assert_eq!(bails().unwrap_err().location().line(), line - 6);
    assert_eq!(ensures().unwrap_err().location().line(), line - 3);
}

#[test]
fn ensure_without_a_message_states_the_condition() {
    fn checked(n: u32, name: &str) -> Result<u32> {
        ensure!(n < 10 && !name.is_empty(), CODE; n, name);
        ensure!(n != 5, CODE, "five is {n}"; half = f64::from(n) / 2.0);
        ensure!(matches!(n, 0..=7), CODE,);
        Ok(n)
    }
    assert_eq!(checked(1, "a").unwrap(), 1);
    let err = checked(1, "").unwrap_err();
    assert_eq!(
        err.message(),
        "condition failed: `n < 10 && !name.is_empty()`"
    );
    assert_eq!(err.details()["n"], 1);
    let err = checked(5, "a").unwrap_err();
    assert_eq!(
        (err.message(), err.details()["half"].as_f64()),
        ("five is 5", Some(2.5))
    );
    assert_eq!(
        checked(8, "a").unwrap_err().message(),
        "condition failed: `matches!(n, 0..=7)`"
    );
}

#[test]
fn bail_and_ensure_return_any_error_that_takes_an_app_error() {
    #[derive(Debug)]
    struct Mine(AppError);
    impl From<AppError> for Mine {
        fn from(err: AppError) -> Self {
            Self(err)
        }
    }
    fn mine(n: i32) -> Result<(), Mine> {
        ensure!(n > 0, CODE);
        bail!(CODE, "always")
    }
    fn boxed() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        bail!(CODE)
    }
    assert_eq!(mine(1).unwrap_err().0.message(), "always");
    assert!(mine(0).unwrap_err().0.message().contains("n > 0"));
    assert_eq!(boxed().unwrap_err().to_string(), "DB_CONNECTION_ERROR");
}

#[test]
fn nothing_is_evaluated_while_the_condition_holds() {
    fn quiet() -> Result<()> {
        ensure!(true, CODE, "{}", never(); n = never());
        Ok(())
    }
    fn never() -> u32 {
        unreachable!("the condition holds")
    }
    quiet().unwrap();
}

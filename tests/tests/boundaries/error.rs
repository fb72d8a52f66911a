//! `error_boundary!`: values and errors of its block.

use crate::support::{Observed, panics};
use gardefou::{AppError, ErrorCode, ResultExt, bail, ensure, error_boundary, event::Severity};
use std::{error::Error, fmt, fs, io};

fn parse(text: &str) -> Result<i32, AppError> {
    error_boundary!(
        "error-parse",
        error_code = ErrorCode::ANALYSIS_DATA_ERROR,
        { text.parse::<i32>()? }
    )
}

#[test]
fn value_is_wrapped_and_error_is_coded() {
    assert_eq!(parse("7").unwrap(), 7);
    let err = parse("seven").unwrap_err();
    assert!(err.is(ErrorCode::ANALYSIS_DATA_ERROR) && err.is_coded());
    assert!(err.downcast_ref::<std::num::ParseIntError>().is_some());
}

#[test]
fn coded_error_keeps_its_code() {
    let result = error_boundary!(
        "error-coded",
        error_code = ErrorCode::ANALYSIS_DATA_ERROR,
        { None::<u8>.context(ErrorCode::FILE_NOT_FOUND_ERROR, "no file")? }
    );
    assert!(result.unwrap_err().is(ErrorCode::FILE_NOT_FOUND_ERROR));
}

#[test]
fn without_an_error_code_the_error_stays_uncoded_for_the_next_boundary() {
    let result = error_boundary!("error-outer", error_code = ErrorCode::SYNC_ERROR, {
        error_boundary!("error-inner", { "x".parse::<u8>()? })?
    });
    assert!(result.unwrap_err().is(ErrorCode::SYNC_ERROR));
}

#[test]
fn every_kind_of_error_ends_in_the_boundary() {
    fn boxed() -> Result<(), Box<dyn Error + Send + Sync>> {
        Err("boxed".into())
    }
    fn foreign() -> anyhow::Result<()> {
        Err(anyhow::anyhow!("foreign"))
    }
    fn text() -> Result<(), String> {
        Err("text".to_owned())
    }
    fn ours() -> Result<(), AppError> {
        Err(AppError::new(ErrorCode::SYNC_ERROR, "ours"))
    }
    let text_of = |result: Result<(), AppError>| result.unwrap_err().to_string();
    assert_eq!(
        text_of(error_boundary!("error-kinds", { boxed()? })),
        "boxed"
    );
    assert_eq!(
        text_of(error_boundary!("error-kinds", { foreign()? })),
        "foreign"
    );
    assert_eq!(text_of(error_boundary!("error-kinds", { text()? })), "text");
    assert_eq!(text_of(error_boundary!("error-kinds", { ours()? })), "ours");
    assert_eq!(
        text_of(error_boundary!("error-kinds", {
            Err::<(), _>(io::Error::other("io"))?;
        })),
        "io"
    );
}

#[test]
fn bail_and_ensure_end_in_the_boundary() {
    fn check(n: u32) -> Option<u32> {
        let doubled = error_boundary!("error-bail", {
            ensure!(n != 1, ErrorCode::CONFIG_ERROR, "one is not {}", "enough"; n);
            if n == 2 {
                bail!(ErrorCode::SYNC_ERROR, "two is {n}"; n, twice = n * 2);
            }
            let n = if n == 3 {
                gardefou::bail!(ErrorCode::SYNC_ERROR)
            } else {
                n
            };
            n * 2
        });
        match doubled {
            Ok(value) => Some(value),
            Err(err) => {
                match n {
                    1 => assert_eq!(
                        (err.to_string(), &err.details()["n"]),
                        ("one is not enough".into(), &1.into())
                    ),
                    2 => assert_eq!(
                        (err.to_string(), &err.details()["twice"]),
                        ("two is 2".into(), &4.into())
                    ),
                    _ => assert_eq!(err.to_string(), "SYNC_ERROR"),
                }
                None
            }
        }
    }
    assert_eq!([1, 2, 3, 4].map(check), [None, None, None, Some(8)]);
}

#[test]
fn error_has_the_line_of_its_question_mark() {
    let line = line!() + 1;
    let result = error_boundary!("error-line", { "x".parse::<u8>()? });
    let err = result.unwrap_err();
    assert_eq!(
        (err.location().file(), err.location().line()),
        (file!(), line)
    );

    let line = line!() + 3;
    let result: Result<(), _> = error_boundary!("error-line", {
        // A line further down.
        bail!(ErrorCode::SYNC_ERROR, "here");
    });
    assert_eq!(result.unwrap_err().location().line(), line);
}

#[test]
fn without_rethrow_the_error_is_reported_and_the_program_continues() {
    let observed = Observed::on("error-quiet");
    let size: Option<u64> = error_boundary!("error-quiet", rethrow = false, {
        fs::metadata("no such file")?.len()
    });
    assert_eq!(size, None);
    assert_eq!(
        error_boundary!("error-quiet", rethrow = false, { "7".parse::<u8>()? }),
        Some(7)
    );
    assert_eq!(observed.operations(), ["error-quiet"]);
}

#[test]
fn fallback_replaces_the_value_and_is_built_lazily() {
    let observed = Observed::on("error-fallback");
    let mut built = 0;
    let mut read = |text: &str| -> u16 {
        error_boundary!(
            "error-fallback",
            fallback = {
                built += 1;
                80
            },
            { text.parse::<u16>()? }
        )
    };
    assert_eq!((read("8080"), read("http")), (8080, 80));
    assert_eq!((built, observed.errors().len()), (1, 1));
}

#[test]
fn error_event_has_the_level_of_the_boundary() {
    let observed = Observed::on("error-level");
    let _ = error_boundary!("error-level", log_level = "critical", {
        "x".parse::<u8>()?
    });
    let _ = error_boundary!("error-level", log_level = "warning", crate = ::gardefou, {
        "x".parse::<u8>()?
    });
    let _ = error_boundary!(
        "error-level",
        log_level = gardefou::event::LogLevel::Debug,
        { "x".parse::<u8>()? }
    );
    let levels: Vec<_> = observed
        .errors()
        .into_iter()
        .map(|reported| reported.level)
        .collect();
    assert_eq!(
        levels,
        [Severity::Critical, Severity::Warning, Severity::Info]
    );
}

#[test]
fn name_can_be_a_constant_and_the_component_is_the_module() {
    const NAME: &str = "error-const";
    let observed = Observed::on("error-const");
    let _ = error_boundary!(NAME, { "x".parse::<u8>()? });
    let reported = observed.errors().remove(0);
    assert_eq!(
        (reported.operation.as_str(), reported.component.as_str()),
        ("error-const", module_path!())
    );
}

trait Store {
    const NAME: &str;

    fn read(&self) -> Result<u8, AppError> {
        error_boundary!(Self::NAME, { "x".parse()? })
    }
}

struct Local;
struct Remote<const N: usize>;

impl Store for Local {
    const NAME: &str = "error-local";
}

impl<const N: usize> Store for Remote<N> {
    const NAME: &str = ["error-remote-0", "error-remote-1"][N];
}

#[test]
fn name_can_be_an_associated_constant() {
    for name in ["error-local", "error-remote-1"] {
        let observed = Observed::on(name);
        let _ = (Local.read(), Remote::<1>.read());
        let reported: Vec<_> = observed
            .errors()
            .into_iter()
            .map(|reported| reported.operation)
            .collect();
        assert_eq!(reported, [name]);
    }
}

#[test]
fn panic_passes_unless_catching_is_enabled() {
    assert!(panics(|| {
        let _: Result<(), _> = error_boundary!("error-panic", { panic!("boom") });
    }));
    let result: Result<(), _> =
        error_boundary!("error-panic", catch_panics = true, { panic!("boom {}", 1) });
    let err = result.unwrap_err();
    assert!(err.is(ErrorCode::PANIC_ERROR));
    assert_eq!(err.to_string(), "`error-panic` panicked: boom 1");
}

#[tokio::test]
async fn panic_after_an_await_is_caught() {
    let result = error_boundary!("error-panic-async", catch_panics = true, {
        tokio::task::yield_now().await;
        assert_eq!(1 + 1, 3, "sums");
    });
    let err = result.unwrap_err();
    assert!(
        err.is(ErrorCode::PANIC_ERROR) && err.to_string().contains("sums"),
        "{err}"
    );
}

#[test]
fn question_marks_in_the_arguments_of_macros_end_in_the_boundary() {
    fn load(text: &str) -> io::Result<String> {
        if text.is_empty() {
            Err(io::Error::other("empty"))
        } else {
            Ok(text.to_owned())
        }
    }
    fn all(text: &str) -> Result<String, AppError> {
        error_boundary!("error-macros", {
            let list = vec![load("a")?, load(text)?];
            let twice = vec![load(text)?; 2];
            assert!(
                matches!(load(text)?.as_str(), "b" | "c" if true),
                "the text is {}",
                load(text)?
            );
            tracing::debug!(?list, %text, size = load(text)?.len(), "seen {}", load(text)?);
            format!("{} {first} {twice:?}", list.concat(), first = load(text)?)
        })
    }
    assert_eq!(all("b").unwrap(), "ab b [\"b\", \"b\"]");
    assert_eq!(all("").unwrap_err().to_string(), "empty");
}

#[test]
fn closures_async_blocks_and_functions_inside_keep_their_question_marks() {
    let result = error_boundary!("error-closures", {
        fn inner(text: &str) -> Result<u8, std::num::ParseIntError> {
            Ok(text.parse::<u8>()? + 1)
        }
        let closure = |text: &str| -> Option<char> { text.chars().next()?.to_uppercase().next() };
        let future = async {
            Err(fmt::Error)?;
            Ok::<_, fmt::Error>(())
        };
        drop(future);
        (inner("x").is_err(), closure("ab"), closure(""))
    });
    assert_eq!(result.unwrap(), (true, Some('A'), None));
}

#[tokio::test]
async fn async_block_awaits_inside_a_macro() {
    async fn load(text: &str) -> io::Result<usize> {
        if text.is_empty() {
            Err(io::Error::other("empty"))
        } else {
            Ok(text.len())
        }
    }
    async fn both(a: &str, b: &str) -> Result<usize, AppError> {
        let sum = error_boundary!("error-async", error_code = ErrorCode::SYNC_ERROR, async {
            let (a, b) = tokio::join!(load(a), async { load(b).await });
            let sum = a? + b?;
            if sum == 4 {
                return Ok(44);
            }
            sum
        })?;
        Ok(sum + 1)
    }
    assert_eq!(both("a", "b").await.unwrap(), 3);
    assert_eq!(both("aa", "bb").await.unwrap(), 44);
    assert!(both("a", "").await.unwrap_err().is(ErrorCode::SYNC_ERROR));
}

#[test]
fn block_borrows_and_changes_outer_variables() {
    let mut seen = Vec::new();
    let text = String::from("1,2,x");
    let result = error_boundary!("error-borrow", {
        for part in text.split(',') {
            seen.push(part.parse::<u8>()?);
        }
    });
    assert!(result.is_err());
    assert_eq!(seen, [1, 2]);
}

#[test]
fn block_may_come_from_a_macro() {
    macro_rules! named {
        ($name:expr, $block:block) => {
            error_boundary!($name, error_code = ErrorCode::SYNC_ERROR, $block)
        };
    }
    assert_eq!(
        named!("error-from-macro", { "1".parse::<u8>()? }).unwrap(),
        1
    );
    let result: Result<u8, AppError> = named!("error-from-macro", { "x".parse()? });
    assert!(result.unwrap_err().is(ErrorCode::SYNC_ERROR));
}

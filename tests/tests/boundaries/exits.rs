//! Exits out of blocks that must be closures: `return`, `break` and `continue` still act on what
//! encloses them.

use gardefou::{AppError, ErrorCode, error_boundary};
use std::fmt::Display;

fn boxed(n: u32) -> Box<dyn Display> {
    let result = error_boundary!("exits-boxed", catch_panics = true, {
        if n == 0 {
            return Box::new("nought");
        }
        if n == 1 {
            return Box::new(1);
        }
        assert!(n < 5, "too many");
        n * 2
    });
    Box::new(result.unwrap_or(99))
}

#[test]
fn returned_value_has_the_type_of_the_function() {
    let all: Vec<_> = [0, 1, 2, 5].map(|n| boxed(n).to_string()).into();
    assert_eq!(all, ["nought", "1", "4", "99"]);
}

fn loops() -> (u32, Vec<u32>) {
    let mut seen = Vec::new();
    let broken = 'outer: loop {
        let mut n = 0;
        loop {
            n += 1;
            let _ = error_boundary!("exits-loops", catch_panics = true, {
                match n {
                    1 => continue,
                    2 => "x".parse::<u32>()?,
                    3 => panic!("contained"),
                    4 if seen.len() < 2 => continue 'outer,
                    4 => break,
                    _ => 0,
                };
            });
            seen.push(n);
        }
        let _ = error_boundary!("exits-loops", catch_panics = true, {
            break 'outer n * 10;
        });
    };
    (broken, seen)
}

#[test]
fn jumps_reach_their_loops_out_of_a_closure() {
    // The round that finds two entries breaks at 4.
    assert_eq!(loops(), (40, vec![2, 3]));
}

#[tokio::test]
async fn jumps_reach_their_loops_out_of_an_async_block() {
    async fn first_even(all: &[u32]) -> Result<Option<u32>, AppError> {
        for n in all {
            error_boundary!("exits-async", async {
                tokio::task::yield_now().await;
                if *n == 99 {
                    break;
                }
                if n % 2 == 1 {
                    continue;
                }
                return Ok(Some(*n));
            })?;
        }
        Ok(None)
    }
    assert_eq!(first_even(&[1, 3, 4]).await.unwrap(), Some(4));
    assert_eq!(first_even(&[1, 99, 4]).await.unwrap(), None);
}

#[test]
fn loop_inside_the_block_keeps_its_own_jumps() {
    let result = error_boundary!("exits-own", catch_panics = true, {
        let mut sum = 0;
        'outer: for a in 0..10 {
            for b in 0.. {
                if b == 3 {
                    continue 'outer;
                }
                if a == 2 {
                    break 'outer;
                }
                sum += 1;
            }
        }
        let found = loop {
            sum += 1;
            if sum % 10 == 0 {
                break sum * 6;
            }
        };
        let labelled = 'block: {
            if found > 0 {
                break 'block found;
            }
            0
        };
        labelled + 1
    });
    assert_eq!(result.unwrap(), 61);
}

#[test]
fn break_with_a_value_and_question_mark_work_together() {
    fn search(texts: &[&str]) -> Result<i32, AppError> {
        let mut left = texts.iter();
        Ok(loop {
            let Some(text) = left.next() else { break -1 };
            error_boundary!("exits-value", {
                let n = text.parse::<i32>()?;
                if n > 10 {
                    break n;
                }
            })?;
        })
    }
    assert_eq!(search(&["1", "20", "x"]).unwrap(), 20);
    assert_eq!(search(&["1", "2"]).unwrap(), -1);
    assert!(search(&["1", "x"]).is_err());
}

/// Macros whose definitions hold the exits, which no rewriting reaches.
mod hidden {
    macro_rules! number {
        ($text:expr) => {
            $text.parse::<u32>()?
        };
    }

    macro_rules! some {
        ($value:expr) => {
            match $value {
                Some(value) => value,
                None => Err(gardefou::AppError::new(
                    gardefou::ErrorCode::SYNC_ERROR,
                    "nothing",
                ))?,
            }
        };
    }

    pub(super) use {number, some};
}

#[test]
fn hidden_question_mark_in_a_closure_ends_in_the_boundary() {
    fn run(text: Option<&str>) -> Result<Result<u32, AppError>, AppError> {
        Ok(error_boundary!(
            "exits-hidden",
            error_code = ErrorCode::CONFIG_ERROR,
            || {
                let text = hidden::some!(text);
                if text == "return" {
                    return Err(AppError::new(ErrorCode::DB_WRITE_ERROR, "left"));
                }
                hidden::number!(text) + hidden::number!("1")
            }
        ))
    }
    assert_eq!(run(Some("6")).unwrap().unwrap(), 7);
    let error = run(Some("x")).expect("the function goes on").unwrap_err();
    assert!(error.is(ErrorCode::CONFIG_ERROR));
    assert_eq!(error.details()["context"][0], "exits-hidden");
    assert!(
        run(None)
            .expect("the function goes on")
            .unwrap_err()
            .is(ErrorCode::SYNC_ERROR)
    );
    assert!(
        run(Some("return"))
            .unwrap_err()
            .is(ErrorCode::DB_WRITE_ERROR)
    );
}

#[test]
fn jumps_reach_their_loops_out_of_a_closure_form() {
    fn sum(texts: &[&str]) -> Option<u32> {
        let mut sum = 0;
        for text in texts {
            let number: u32 = error_boundary!("exits-hidden-jumps", fallback = 100, || {
                match *text {
                    "next" => continue,
                    "end" => break,
                    "none" => return None,
                    text => hidden::number!(text),
                }
            });
            sum += number;
        }
        Some(sum)
    }
    assert_eq!(sum(&["1", "next", "2", "end", "4"]), Some(3));
    assert_eq!(sum(&["1", "x"]), Some(101));
    assert_eq!(sum(&["1", "none"]), None);
}

#[test]
fn closure_form_borrows_or_moves_its_captures() {
    let mut lent = vec![1];
    let pushed = error_boundary!("exits-lent", || {
        lent.push(hidden::number!("2"));
        lent.len()
    });
    assert_eq!((pushed.unwrap(), lent.len()), (2, 2));
    let taken = error_boundary!("exits-taken", catch_panics = true, move || {
        drop(lent);
        hidden::number!("3")
    });
    assert_eq!(taken.unwrap(), 3);
}

#[tokio::test]
async fn hidden_question_mark_in_an_async_block_ends_in_the_boundary() {
    async fn run(text: &str) -> Result<Result<u32, AppError>, AppError> {
        Ok(error_boundary!("exits-hidden-async", async {
            tokio::task::yield_now().await;
            // Sync code inside of an async function has both forms.
            let one = error_boundary!("exits-hidden-inner", || { hidden::number!("1") })?;
            hidden::number!(text) + one
        }))
    }
    assert_eq!(run("6").await.unwrap().unwrap(), 7);
    assert!(run("x").await.expect("the function goes on").is_err());
}

#[test]
fn hidden_question_mark_in_a_transaction_rolls_back() {
    fn save(text: &str) -> Result<Result<u32, AppError>, AppError> {
        Ok(gardefou::transaction_boundary!("exits-hidden-tx", |tx| {
            tx.on_rollback("undo", || ());
            hidden::number!(text)
        }))
    }
    assert_eq!(save("1").unwrap().unwrap(), 1);
    assert_eq!(
        save("x")
            .expect("the function goes on")
            .unwrap_err()
            .details()["rolled_back"],
        true
    );
}

#[test]
#[deny(unused_variables, unused_mut)]
fn block_may_begin_with_inner_attributes() {
    let in_place: Result<u32, AppError> = error_boundary!(
        "exits-attributes",
        {
            //! So may a function.
            #![allow(unused_variables)]
            let unused = number("1")?;
            number("2")?
        }
    );
    let nested: Result<u32, AppError> = error_boundary!(
        "exits-attributes",
        catch_panics = true,
        {
            #![expect(unused_mut, reason = "it is expected here alone")]
            let mut one = error_boundary!("exits-attributes-inner", || {
                #![allow(unused_variables)]
                let unused = 1;
                number("x")?
            });
            for _ in 0..2 {
                let _ = error_boundary!(
                    "exits-attributes-inner",
                    {
                        #![allow(unused_variables)]
                        let unused = 1;
                        break;
                    }
                );
            }
            one.unwrap_or(3)
        }
    );
    let transaction: Result<u32, AppError> =
        gardefou::transaction_boundary!("exits-attributes", |tx| {
            #![allow(unused_variables)]
            let unused = tx.state();
            number("4")?
        });
    assert_eq!(
        (in_place.unwrap(), nested.unwrap(), transaction.unwrap()),
        (2, 3, 4)
    );
}

fn number(text: &str) -> Result<u32, std::num::ParseIntError> {
    text.parse()
}

//! Exits out of blocks that must be closures: `return`, `break` and `continue` still act on what encloses them.

use gardefou::{AppError, error_boundary};
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
fn a_returned_value_takes_the_type_of_the_function() {
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
fn a_loop_inside_the_block_keeps_its_own_jumps() {
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
fn a_break_with_a_value_and_a_question_mark_live_together() {
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

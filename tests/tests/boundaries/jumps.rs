//! `return`, `break` and `continue` in a block act where they are written.

use gardefou::*;

type R<T> = std::result::Result<T, AppError>;

async fn tick() {}

fn a(s: &str) -> i32 {
    error_boundary!("parse", error_code = ErrorCode::CONFIG_ERROR, {
        s.parse::<i32>()? + 1
    })
    .unwrap_or(-1)
}
fn b(s: &str) -> Option<i32> {
    error_boundary!("b", error_code = ErrorCode::CONFIG_ERROR, {
        if s.is_empty() {
            return None;
        }
        s.parse::<i32>()?
    })
    .ok()
}
fn c() -> i32 {
    let mut n = 0;
    'o: loop {
        for i in 0.. {
            let _ = error_boundary!("b", {
                n += 1;
                if i == 3 {
                    continue 'o;
                }
                if n > 10 {
                    break 'o;
                }
            });
        }
    }
    n
}
fn d() -> i32 {
    loop {
        let _ = error_boundary!("b", {
            if true {
                break 42;
            }
        });
    }
}
async fn e(s: String) -> R<usize> {
    let mut hits = 0;
    let r = error_boundary!("b", {
        tick().await;
        hits += 1;
        if s == "x" {
            return Ok(0);
        }
        s.len()
    });
    r.map(|v| v + hits)
}
fn f() {
    let _: Option<()> = error_boundary!("b", rethrow = false, {
        std::fs::remove_file("nope")?;
    });
}

fn note(_: &AppError) {}
fn g(k: u64) -> R<u64> {
    transaction_boundary!("save", on_error_callback = note, |tx| {
        if k == 0 {
            return 0;
        }
        let mut n = 0;
        'l: for i in 0..k {
            if i == 3 {
                break 'l;
            }
            tx.set("i", i);
            n += 1;
        }
        n
    })
}
async fn h(v: &[u32]) -> R<u64> {
    transaction_boundary!("save", |tx| {
        let mut n = 0;
        for _ in v {
            tx.on_rollback("undo", || ());
            tick().await;
            n += 1;
        }
        n
    })
}

fn need_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn jumps_behave_as_written() {
    assert_eq!((a("4"), a("x")), (5, -1));
    assert_eq!((b(""), b("3"), b("y")), (None, Some(3), None));
    assert_eq!(c(), 11);
    assert_eq!(d(), 42);
    f();
    assert_eq!((g(0).unwrap(), g(2).unwrap(), g(9).unwrap()), (0, 2, 3));
}

#[tokio::test]
async fn async_jumps_behave_as_written_and_stay_send() {
    assert_eq!(need_send(e("x".into())).await.unwrap(), 0);
    assert_eq!(need_send(e("abc".into())).await.unwrap(), 4);
    assert_eq!(need_send(h(&[1, 2])).await.unwrap(), 2);
}

//! Boundaries that await: nested in each other in every way, with macro calls that hide an await in
//! an async block, and macro calls that only seem to await.

use crate::prelude::*;
use std::sync::mpsc::{Receiver, channel};

async fn load(text: &str) -> Result<u8, std::num::ParseIntError> {
    tick().await;
    text.parse()
}

fn need_send<F: Future + Send>(future: F) -> F {
    future
}

#[test]
fn async_block_awaits_within_macro_calls() {
    let sum = need_send(async {
        error_boundary!("hides", async {
            let (one, two) = tokio::join!(load("1"), load("2"));
            let (three, four) = tokio::try_join!(load("3"), load("4"))?;
            let five = tokio::select! {
                biased;
                value = load("5") => value?,
                value = std::future::pending::<u8>() => value,
            };
            let text = format!("{}", load("6").await?);
            one? + two? + three + four + five + text.parse::<u8>()?
        })
    });
    assert_eq!(block_on(sum).ok(), Some(21));
}

#[test]
fn nested_async_block_awaits_within_macro_calls() {
    let sum = need_send(async {
        error_boundary!("outer", {
            let three = error_boundary!("inner", async {
                let (one, two) = tokio::join!(load("1"), load("2"));
                one? + two?
            })?;
            three + load("4").await?
        })
    });
    assert_eq!(block_on(sum).ok(), Some(7));
}

#[test]
fn spawned_async_block_may_await() {
    let sum = async {
        error_boundary!("elsewhere", {
            let task = tokio::spawn(async { tokio::join!(load("1"), async { load("2").await }) });
            let (one, two) = task.await?;
            one? + two?
        })
    };
    assert_eq!(block_on(sum).ok(), Some(3));
}

/// Takes the first message, as the macro of channels that block the thread.
macro_rules! select {
    ($(recv($receiver:expr) -> $message:pat => $then:expr),* $(, default => $otherwise:expr)? $(,)?) => {
        loop {
            $(if let Ok($message) = Receiver::try_recv($receiver) { break $then; })*
            $(break $otherwise;)?
        }
    };
}

#[test]
fn blocking_select_is_not_an_await() {
    let (one, two) = (channel::<u8>(), channel::<u8>());
    two.0.send(2).unwrap();
    let got = error_boundary!("channels", {
        let first = select! {
            recv(&one.1) -> message => message,
            recv(&two.1) -> message => message * 10,
        };
        let second = select! { recv(&one.1) -> message => message, default => 1 };
        first + second
    });
    assert_eq!(got.ok(), Some(21));
}

#[test]
fn await_in_arguments_and_before_another_await() {
    async fn add(one: u8, two: u8) -> u8 {
        tick().await;
        one + two
    }
    struct Response(u8);
    impl Response {
        async fn body(&self) -> Result<u8, std::io::Error> {
            tick().await;
            Ok(self.0)
        }
    }
    async fn send(value: u8) -> Result<Response, AppError> {
        tick().await;
        Ok(Response(value))
    }
    let run = need_send(async {
        let sum = error_boundary!("arguments", {
            let sum = add(add(load("1").await?, 2).await, load("3").await?).await;
            // The response is a temporary, which the future of its body borrows.
            sum + send(load("4").await?).await?.body().await?
        });
        error_boundary!("arguments-outer", {
            error_boundary!("arguments-inner", {
                add(load("1").await?, send(2).await?.body().await?).await
            })? + sum?
        })
    });
    assert_eq!(block_on(run).ok(), Some(13));
}

#[test]
fn into_future_is_awaited() {
    struct Request(u8);
    impl IntoFuture for Request {
        type Output = Result<u8, AppError>;
        type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;
        fn into_future(self) -> Self::IntoFuture {
            Box::pin(async move {
                tick().await;
                Ok(self.0)
            })
        }
    }
    let run = async {
        error_boundary!("requests", {
            let mut pinned = std::pin::pin!(load("2"));
            Request(1).await? + pinned.as_mut().await?
        })
    };
    assert_eq!(block_on(run).ok(), Some(3));
}

/// Expands one inner form in each outer form.
macro_rules! nested {
    ($($name:ident: $outer:ident!($($kind:tt)*) of $inner:ident!($($inner_kind:tt)*);)*) => { $(
        #[test]
        fn $name() {
            async fn run(text: &str) -> Result<u8, AppError> {
                $outer!("outer", $($kind)* {
                    let before = load("1").await?;
                    let value = $inner!("inner", $($inner_kind)* {
                        tick().await;
                        load(text).await?
                    })?;
                    before + value + load("1").await?
                })
            }
            assert_eq!(block_on(need_send(run("2"))).ok(), Some(4));
            assert!(block_on(run("x")).is_err());
        }
    )* };
}

nested! {
    in_place_in_in_place: error_boundary!() of error_boundary!();
    async_block_in_in_place: error_boundary!() of error_boundary!(async);
    in_place_in_async_block: error_boundary!(async) of error_boundary!();
    async_block_in_async_block: error_boundary!(async) of error_boundary!(async);
    moving_block_in_in_place: error_boundary!() of error_boundary!(async move);
    transaction_in_in_place: error_boundary!() of transaction_boundary!(|_tx|);
    async_transaction_in_in_place: error_boundary!() of transaction_boundary!(async |_tx|);
    transaction_in_async_block: error_boundary!(async) of transaction_boundary!(|_tx|);
    in_place_in_transaction: transaction_boundary!(|_tx|) of error_boundary!();
    async_block_in_transaction: transaction_boundary!(|_tx|) of error_boundary!(async);
    transaction_in_transaction: transaction_boundary!(|_tx|) of transaction_boundary!(|_tx|);
    in_place_in_async_transaction: transaction_boundary!(async |_tx|) of error_boundary!();
    caught_panics_in_in_place: error_boundary!() of error_boundary!(catch_panics = true,);
    in_place_in_caught_panics: error_boundary!(catch_panics = true,) of error_boundary!();
    swallowing_transaction_in_in_place: error_boundary!() of transaction_boundary!(catch_panics = true, |_tx|);
}

#[test]
fn jumps_leave_nested_boundaries_that_await() {
    /// Sums the numbers up to an empty text, without those that are no numbers; `!` returns at
    /// once.
    async fn sum(texts: &[&str]) -> Result<u8, AppError> {
        let mut sum = 0;
        for text in texts {
            error_boundary!("outer", {
                tick().await;
                error_boundary!("middle", {
                    tick().await;
                    if *text == "!" {
                        return Ok(100);
                    }
                    let value = error_boundary!("inner", rethrow = false, {
                        if text.is_empty() {
                            break;
                        }
                        load(text).await?
                    });
                    let Some(value) = value else { continue };
                    sum += transaction_boundary!("add", |_tx| {
                        tick().await;
                        value
                    })?;
                })?;
            })?;
        }
        Ok(sum)
    }
    assert_eq!(
        block_on(need_send(sum(&["1", "x", "2", "", "4"]))).ok(),
        Some(3)
    );
    assert_eq!(block_on(sum(&["1", "!", "2"])).ok(), Some(100));
}

#[test]
fn async_compensations_are_awaited_within_boundaries() {
    async fn run(undone: Arc<std::sync::Mutex<Vec<u8>>>) -> Result<u8, AppError> {
        error_boundary!("outer", {
            // The body itself does not await.
            transaction_boundary!("tx", |tx| {
                tx.on_rollback_async("undo", move || async move {
                    tick().await;
                    undone.lock().unwrap().push(1);
                });
                "x".parse::<u8>()?
            })?
        })
    }
    let undone = Arc::default();
    assert!(block_on(need_send(run(Arc::clone(&undone)))).is_err());
    assert_eq!(*undone.lock().unwrap(), [1]);
}

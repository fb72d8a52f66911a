//! Sizes: an attribute adds at most 64 bytes to a future, and no box.

use crate::support::R;
use gardefou::{
    breaker::CircuitBreaker, enhanced_error_handling, retry, retry::Retry,
    retry_with_circuit_breaker, with_circuit_breaker,
};

async fn tick(_: &[u8]) {}

macro_rules! same_body {
    ($($(#[$attr:meta])* $small:ident $large:ident;)+) => {
        $(
            $(#[$attr])*
            async fn $small(n: u8) -> R<u8> {
                let buffer = [n; 300];
                tick(&buffer).await;
                Ok(buffer[7])
            }

            $(#[$attr])*
            async fn $large(buffer: [u8; 1024]) -> R<u8> {
                tick(&buffer).await;
                Ok(buffer[7])
            }
        )+
    };
}

same_body! {
    bare bare_large;
    #[enhanced_error_handling]
    handled handled_large;
    #[with_circuit_breaker(name = "size")]
    guarded guarded_large;
    #[retry]
    retried retried_large;
    #[retry_with_circuit_breaker(name = "size")]
    both both_large;
    #[retry(key = (1 + 1))]
    keyed keyed_large;
    #[retry_with_circuit_breaker(name = "size", key = (1 + 1))]
    both_keyed both_keyed_large;
}

fn added(with: impl Future, without: impl Future) -> isize {
    size_of_val(&with).cast_signed() - size_of_val(&without).cast_signed()
}

#[test]
fn attribute_adds_at_most_64_bytes_to_a_future() {
    let all = [
        ("handled", added(handled(1), bare(1))),
        ("guarded", added(guarded(1), bare(1))),
        ("retried", added(retried(1), bare(1))),
        ("both", added(both(1), bare(1))),
        ("keyed", added(keyed(1), bare(1))),
        (
            "handled_large",
            added(handled_large([0; 1024]), bare_large([0; 1024])),
        ),
        (
            "guarded_large",
            added(guarded_large([0; 1024]), bare_large([0; 1024])),
        ),
    ];
    assert!(all.iter().all(|(_, bytes)| *bytes <= 64), "{all:?}");
}

#[test]
fn key_of_breaker_and_budget_adds_their_handles_and_that_of_the_retry() {
    let handles = size_of::<CircuitBreaker>() + size_of::<Retry>();
    assert!(handles <= 32, "{handles}");
    for (keyed, unkeyed) in [
        (added(both_keyed(1), bare(1)), added(both(1), bare(1))),
        (
            added(both_keyed_large([0; 1024]), bare_large([0; 1024])),
            added(both_large([0; 1024]), bare_large([0; 1024])),
        ),
    ] {
        assert!(keyed <= unkeyed + handles.cast_signed(), "{keyed}");
    }
}

#[test]
fn retry_stores_arguments_twice_and_not_three_times() {
    // The clone is the cost of a second attempt: the size of the argument twice, but not three
    // times.
    let once_more = added(retried_large([0; 1024]), bare_large([0; 1024]));
    assert!((1024..=1024 + 2 * 64).contains(&once_more), "{once_more}");
    let once_more = added(keyed_large([0; 1024]), bare_large([0; 1024]));
    assert!((1024..=1024 + 2 * 64).contains(&once_more), "{once_more}");
    let once_more = added(both_large([0; 1024]), bare_large([0; 1024]));
    assert!((1024..=1024 + 2 * 64).contains(&once_more), "{once_more}");
}

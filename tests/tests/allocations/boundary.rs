//! A boundary or transaction whose block succeeds allocates nothing, sync and async.

use crate::allocations;
use gardefou::{AppError, boundary, error_boundary, transaction_boundary};
use gardefou_tests::testkit::poll::ready;

fn parse(text: &str) -> Result<u8, AppError> {
    error_boundary!("alloc", { text.parse::<u8>()? })
}

async fn parse_later(text: &str) -> Result<u8, AppError> {
    error_boundary!("alloc", { std::future::ready(text.parse::<u8>()).await? })
}

#[test]
fn successful_block_allocates_nothing() {
    assert_eq!(allocations(|| assert!(parse("7").is_ok())), 0);
    assert_eq!(allocations(|| assert!(ready(parse_later("7")).is_ok())), 0);
    assert_eq!(
        allocations(|| assert!(boundary::error_boundary("alloc", || "7".parse::<u8>()).is_ok())),
        0
    );
    let caught =
        || assert!(error_boundary!("alloc", catch_panics = true, { "7".parse::<u8>()? }).is_ok());
    assert_eq!(allocations(caught), 0);
    // The counter counts: an error is one allocation at least.
    assert_ne!(allocations(|| assert!(parse("x").is_err())), 0);
}

#[test]
fn transaction_without_compensations_allocates_nothing() {
    let sync = || assert!(transaction_boundary!("alloc", |_tx| { "7".parse::<u8>()? }).is_ok());
    assert_eq!(allocations(sync), 0);
    let later = || {
        let future = async {
            transaction_boundary!("alloc", |_tx| {
                std::future::ready("7".parse::<u8>()).await?
            })
            .map_err(drop)
        };
        assert!(ready(future).is_ok());
    };
    assert_eq!(allocations(later), 0);
}

/// A boundary adds a reference and the start of its visit to a future, and boxes nothing.
#[test]
fn boundary_adds_at_most_64_bytes_to_a_future() {
    async fn wait(bytes: [u8; 1000]) -> Result<usize, AppError> {
        std::future::ready(()).await;
        Ok(bytes.len())
    }
    let bare = async { wait([0; 1000]).await };
    let guarded = async { error_boundary!("alloc", { wait([0; 1000]).await? }) };
    let added = size_of_val(&guarded) - size_of_val(&bare);
    assert!(added <= 64, "{added} bytes");
}

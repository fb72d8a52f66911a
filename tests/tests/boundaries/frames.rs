//! Frames of boundaries in place while futures wait.

use gardefou::{AppError, error_boundary};

async fn later(value: u8) -> Result<u8, AppError> {
    tokio::task::yield_now().await;
    Ok(value)
}

#[tokio::test]
async fn awaits_within_the_arguments_of_an_awaited_call() {
    let sum = error_boundary!("frames-chain", { later(later(1).await? + later(2).await?).await? });
    assert_eq!(sum.ok(), Some(3));
}

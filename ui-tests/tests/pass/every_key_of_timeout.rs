//! Each form of each key of `#[timeout]`.

use crate::prelude::*;
use gardefou::timeout;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(2);
const NAME: &str = "by-constant";

#[timeout("250ms")]
fn text() -> R<()> {
    Ok(())
}

#[timeout(1.5)]
fn number() -> R<()> {
    Ok(())
}

#[timeout(LIMIT, name = NAME, timed = true, span = true)]
fn constant() -> R<()> {
    Ok(())
}

#[timeout(Duration::from_millis(u64::from(3_u8)), crate = gardefou)]
fn expression() -> R<()> {
    Ok(())
}

#[timeout(limit = "1m30s", name = "by-key", timed = false, span = true)]
async fn key() -> R<()> {
    Ok(())
}

#[test]
fn each_form_runs() {
    text().unwrap();
    number().unwrap();
    constant().unwrap();
    expression().unwrap();
    block_on(key()).unwrap();
}

//! Each form of each key of `#[hedge]`.

use crate::prelude::*;
use gardefou::{hedge, retry::RetryBudget};
use std::time::Duration;

const AFTER: Duration = Duration::from_millis(50);
const QUANTILE: f64 = 0.95;
const NAME: &str = "by-constant";
const HEDGES: u32 = 2;

#[hedge(after = "50ms")]
async fn text() -> R<()> {
    Ok(())
}

#[hedge(after = 0.05, max_hedges = 3, budget = false)]
async fn number() -> R<()> {
    Ok(())
}

#[hedge(after = AFTER, name = NAME, span = true, max_hedges = HEDGES, budget = true)]
async fn constant() -> R<()> {
    Ok(())
}

#[hedge(quantile = QUANTILE, budget = RetryBudget::named("hedge-keys").unwrap(), crate = gardefou)]
async fn expression() -> R<()> {
    Ok(())
}

#[hedge(
    quantile = 0.5,
    max_hedges = 0,
    budget = "hedge-keys",
    name = "by-text"
)]
async fn quantile() -> R<()> {
    Ok(())
}

#[test]
fn each_form_runs() {
    block_on(text()).unwrap();
    block_on(number()).unwrap();
    block_on(constant()).unwrap();
    block_on(expression()).unwrap();
    block_on(quantile()).unwrap();
}

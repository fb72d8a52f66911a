//! Each form of each key of `#[rate_limit]`.

use crate::prelude::*;
use gardefou::{
    rate_limit,
    rate_limit::{Rate, StoreLoss, rate_limiters},
};
use std::time::Duration;

const RATE: Rate = Rate::per_second(100);
const TEXT: &str = "1/500ms";
const BURST: u32 = 3;
const WAIT: Duration = Duration::from_secs(2);
const NAME: &str = "by-constant";

#[rate_limit("100/s")]
fn text() -> R<()> {
    Ok(())
}

#[rate_limit(RATE, burst = BURST, max_wait = WAIT, name = NAME, timed = true)]
fn constants() -> R<()> {
    Ok(())
}

#[rate_limit(TEXT, burst = 1 + 1, max_wait = Duration::from_millis(5))]
fn text_constant() -> R<()> {
    Ok(())
}

#[rate_limit(Rate::every(Duration::from_secs(1)), crate = gardefou)]
fn expression() -> R<()> {
    Ok(())
}

#[rate_limit(
    rate = "20/1m30s",
    burst = 7,
    max_wait = 1.5,
    name = "by-key",
    timed = false,
    span = true
)]
async fn keys() -> R<()> {
    Ok(())
}

#[rate_limit(
    "100/s",
    name = "limit-of-fleet",
    max_wait = "0s",
    shared = true,
    on_store_loss = "closed"
)]
fn of_fleet() -> R<()> {
    Ok(())
}

#[rate_limit("100/s", name = "limit-alone", shared = false)]
fn alone() -> R<()> {
    Ok(())
}

#[rate_limit("100/s", name = "limit-of-tenant", key = tenant, max_keys = BURST, span = true)]
fn of_tenant(tenant: String) -> R<String> {
    Ok(tenant)
}

struct Client {
    host: String,
}

impl Client {
    #[rate_limit(RATE, key = self.host, max_keys = 1_000)]
    async fn of_host(&mut self) -> R<&mut String> {
        tick().await;
        Ok(&mut self.host)
    }
}

#[test]
fn keys_run() {
    assert_eq!(of_tenant("acme".into()).unwrap(), "acme");
    let mut client = Client { host: "up".into() };
    assert_eq!(block_on(client.of_host()).unwrap(), "up");
}

#[test]
fn each_form_runs() {
    text().unwrap();
    constants().unwrap();
    text_constant().unwrap();
    expression().unwrap();
    of_fleet().unwrap();
    alone().unwrap();
    let config = rate_limiters().get("limit-of-fleet").unwrap().config();
    assert_eq!(
        (config.shared, config.on_store_loss),
        (true, StoreLoss::Closed)
    );
    assert!(!rate_limiters().get("limit-alone").unwrap().config().shared);
    block_on(keys()).unwrap();
    let config = rate_limiters().get("by-constant").unwrap().config();
    assert_eq!(
        (config.rate, config.burst, config.max_wait),
        (RATE, BURST, WAIT)
    );
    let config = rate_limiters().get("by-key").unwrap().config();
    assert_eq!(config.rate, Rate::new(20, Duration::from_secs(90)));
    assert_eq!(
        (config.burst, config.max_wait),
        (7, Duration::from_millis(1500))
    );
}

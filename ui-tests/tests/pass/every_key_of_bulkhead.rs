//! Each form of each key of `#[bulkhead]`.

use crate::prelude::*;
use gardefou::bulkhead;
use std::time::Duration;

const LIMIT: u32 = 3;
const WAIT: Duration = Duration::from_millis(10);
const NAME: &str = "bulkhead-by-constant";

#[bulkhead]
fn defaults() -> R<()> {
    Ok(())
}

#[bulkhead(max_concurrent = 4, max_wait = "250ms", max_queue = 0, timed = true)]
fn literals() -> R<()> {
    Ok(())
}

#[bulkhead(name = NAME, max_concurrent = LIMIT, max_wait = WAIT, max_queue = LIMIT)]
fn constants() -> R<()> {
    Ok(())
}

#[bulkhead(name = "bulkhead-by-key", adaptive = true, max_concurrent = 8, min = 2, max = 2 * LIMIT + 10, crate = gardefou)]
async fn adaptive() -> R<()> {
    Ok(())
}

#[bulkhead(adaptive = false, max_wait = 0, timed = false)]
async fn fixed() -> R<()> {
    Ok(())
}

#[bulkhead(adaptive = true, min = 300)]
fn high_floor() -> R<()> {
    Ok(())
}

#[bulkhead(name = "bulkhead-of-tenant", key = tenant, max_keys = LIMIT, span = true)]
fn of_tenant(tenant: String) -> R<String> {
    Ok(tenant)
}

struct Client {
    host: String,
}

impl Client {
    #[bulkhead(key = self.host, max_keys = 1_000, span = true)]
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
    defaults().unwrap();
    literals().unwrap();
    constants().unwrap();
    high_floor().unwrap();
    block_on(adaptive()).unwrap();
    block_on(fixed()).unwrap();
}

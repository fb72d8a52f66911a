//! `cargo bench --manifest-path benches/peers/Cargo.toml --bench pipeline`: what five policies around one function cost, ours and
//! stacks of layers of tower and tower-resilience: timeout, retry, breaker, rate limit, bulkhead, from outside to inside.
//!
//! tower has no breaker, and its rate limit cannot be cloned, as its retry wants of what is inside. Its stack is timeout, rate
//! limit, retry, concurrency limit, on one thread.

use gardefou::integrations::tower::PipelineLayer;
use gardefou_bench_peers::{HOUR, Retries, alone, bare, clones, floor};
use gardefou_benches::{Table, guards};
use std::time::Duration;
use tower::{Layer, ServiceBuilder};
use tower_resilience_bulkhead::BulkheadLayer;
use tower_resilience_circuitbreaker::CircuitBreakerLayer;
use tower_resilience_ratelimiter::RateLimiterLayer;
use tower_resilience_retry::RetryLayer;
use tower_resilience_timelimiter::TimeLimiterLayer;

const MOST: u64 = 1_000_000_000;

fn main() {
    let mut table = Table::new("pipeline of five policies, and its peers");
    guards::pipelines(&mut table);
    floor(&mut table);
    let ours = PipelineLayer::new(guards::five_by_hand()).layer(bare());
    clones(&mut table, "ours: `PipelineLayer` of five policies", &ours);
    alone(&mut table, "tower: four layers, no breaker", || {
        ServiceBuilder::new()
            .timeout(HOUR)
            .rate_limit(MOST, Duration::from_secs(1))
            .retry(Retries::new(None))
            .concurrency_limit(16)
            .service(bare())
    });
    let rate = RateLimiterLayer::builder().limit_for_period(MOST as usize);
    let peer = ServiceBuilder::new()
        .layer(TimeLimiterLayer::builder().timeout_duration(HOUR).build())
        .layer(RetryLayer::builder().build())
        .layer(CircuitBreakerLayer::builder().build().expect("legal"))
        .layer(rate.build().expect("legal"))
        .layer(
            BulkheadLayer::builder()
                .max_concurrent_calls(16)
                .build()
                .expect("legal"),
        )
        .service(bare());
    clones(&mut table, "tower-resilience: five layers", &peer);
}

//! `cargo bench --manifest-path benches/peers/Cargo.toml --bench timeout`: what a timeout costs that is not reached, ours, tokio's,
//! and the layers of tower and tower-resilience.

use gardefou::{integrations::tower::TimeoutLayer, timeout::Timeout};
use gardefou_bench_peers::{HOUR, bare, clones, floor};
use gardefou_benches::{Table, guards};
use tower::Layer;
use tower_resilience_timelimiter::TimeLimiterLayer;

fn main() {
    let mut table = Table::new("timeout, and its peers");
    guards::timeouts(&mut table);
    floor(&mut table);
    let ours = Timeout::builder("layer")
        .limit(HOUR)
        .build()
        .expect("legal");
    clones(
        &mut table,
        "ours: `TimeoutLayer`",
        &TimeoutLayer::new(ours).layer(bare()),
    );
    clones(
        &mut table,
        "tower: `Timeout`",
        &tower::timeout::Timeout::new(bare(), HOUR),
    );
    let peer = TimeLimiterLayer::builder().timeout_duration(HOUR).build();
    clones(
        &mut table,
        "tower-resilience-timelimiter",
        &peer.layer(bare()),
    );
}

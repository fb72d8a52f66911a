//! `cargo bench --manifest-path benches/peers/Cargo.toml --bench bulkhead`: what a limit of concurrent calls costs, ours, tokio's
//! semaphore, and the layers of tower and tower-resilience.

use gardefou::{bulkhead::Bulkhead, integrations::tower::BulkheadLayer};
use gardefou_bench_peers::{bare, clones, floor};
use gardefou_benches::{Table, bulkhead};
use tower::{Layer, limit::ConcurrencyLimit};
use tower_resilience_bulkhead::BulkheadLayer as Peer;

fn main() {
    let mut table = Table::new("bulkhead, and its peers");
    bulkhead::all(&mut table);
    floor(&mut table);
    let ours = Bulkhead::builder("layer")
        .max_concurrent(16)
        .build()
        .expect("legal");
    clones(
        &mut table,
        "ours: `BulkheadLayer`",
        &BulkheadLayer::new(ours).layer(bare()),
    );
    clones(
        &mut table,
        "tower: `ConcurrencyLimit`",
        &ConcurrencyLimit::new(bare(), 16),
    );
    let peer = Peer::builder().max_concurrent_calls(16);
    let waits = peer.build().expect("legal").layer(bare());
    clones(&mut table, "tower-resilience-bulkhead: waits", &waits);
    let peer = Peer::builder().max_concurrent_calls(16).reject_when_full();
    let rejects = peer.build().expect("legal").layer(bare());
    clones(
        &mut table,
        "tower-resilience-bulkhead: `reject_when_full`",
        &rejects,
    );
}

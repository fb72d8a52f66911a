//! `cargo bench --manifest-path benches/peers/Cargo.toml --bench hedge`: what a hedge costs whose first attempt is ready at once,
//! ours and tower-resilience's.

use gardefou::{hedge::Hedge, integrations::tower::HedgeLayer};
use gardefou_bench_peers::{HOUR, bare, clones, floor};
use gardefou_benches::{Table, guards};
use tower::Layer;

fn main() {
    let mut table = Table::new("hedge, and its peer");
    guards::hedges(&mut table);
    floor(&mut table);
    let ours = Hedge::builder("layer").after(HOUR).build().expect("legal");
    clones(
        &mut table,
        "ours: `HedgeLayer`",
        &HedgeLayer::new(ours).layer(bare()),
    );
    let peer = tower_resilience_hedge::HedgeLayer::new(HOUR).layer(bare());
    clones(&mut table, "tower-resilience-hedge", &peer);
}

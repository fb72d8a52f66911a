//! A page of numbers in the text format of Prometheus.

use crate::orders::Orders;
use gardefou::{ErrorCode, Result, ResultExt, integrations::metrics::publish};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::fmt::Write as _;

/// The exporter of the process.
#[derive(Clone)]
pub(crate) struct Metrics(PrometheusHandle);

impl Metrics {
    /// Installs the exporter, once in the process.
    pub(crate) fn install() -> Result<Self> {
        let builder = PrometheusBuilder::new().with_recommended_naming(true);
        let installed = builder.install_recorder();
        Ok(Self(installed.code(ErrorCode::INITIALIZATION_ERROR)?))
    }

    /// Writes the page: what gardefou knows, then the orders by state.
    pub(crate) fn page(&self, orders: &Orders) -> Result<String> {
        publish();
        let mut page = self.0.render();
        page.push_str("# HELP orders Orders in the database, by state.\n# TYPE orders gauge\n");
        for (state, count) in orders.states()? {
            writeln!(page, "orders{{state=\"{state}\"}} {count}")?;
        }
        Ok(page)
    }
}

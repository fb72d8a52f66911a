//! A text, which a monitor cannot record.

use gardefou::monitor::{ErrorMonitor, MonitorConfig};

fn main() {
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    monitor.record(&String::from("the disk is full"));
}

//! The figure: a thousand instances through an outage, alone and shared.

use super::{scenario::Scenario, simulation::Measures};
use std::fmt::Write;

const WIDTH: f64 = 560.0;
const LEFT: f64 = 150.0;
const HEIGHT: f64 = 90.0;
/// What the scale of calls per second ends with.
const MOST_CALLS: f64 = 1200.0;

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#1f2328}\n\
    .title{font-size:15px;font-weight:600}\n.name{font-weight:600}\n.right{text-anchor:end}\n.middle{text-anchor:middle}\n\
    .ground{fill:#fff}\n.band{fill:#f1e3c4}\n.axis{stroke:#d0d7de;fill:none}\n\
    .open{stroke:#b3261e;stroke-width:2;fill:none}\n.load{stroke:#0a58b8;stroke-width:2;fill:none}\n\
    @media(prefers-color-scheme:dark){\ntext{fill:#e6edf3}\n.ground{fill:#0d1117}\n.band{fill:#3a2f12}\n\
    .axis{stroke:#3d444d}\n.open{stroke:#ff8a80}\n.load{stroke:#79b8ff}\n}\n";

/// Draws the runs of a thousand instances, alone and shared.
pub(crate) fn svg(runs: &[(Scenario, Measures)]) -> String {
    let drawn = ["alone", "shared"];
    let rows: Vec<_> = (runs.iter())
        .filter(|(scenario, _)| scenario.instances == 1000 && drawn.contains(&scenario.name))
        .collect();
    let bottom = 60.0 + rows.len() as f64 * (HEIGHT + 30.0);
    let (width, height) = (LEFT + WIDTH + 30.0, bottom + 50.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-labelledby=\"fleet-title fleet-desc\">\n\
         <title id=\"fleet-title\">A dependency of a thousand instances is down for a minute</title>\n\
         <desc id=\"fleet-desc\">For breakers that decide alone and for shared ones two lines over 100 seconds: the share of \
         instances that reject, and the calls that reach the dependency in a second.</desc>\n<style>\n{STYLE}</style>\n\
         <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n\
         <text x=\"12\" y=\"26\" class=\"title\">A dependency of a thousand instances is down for a minute</text>\n"
    );
    for (index, (scenario, run)) in rows.into_iter().enumerate() {
        let top = 50.0 + index as f64 * (HEIGHT + 30.0);
        let length = scenario.length.as_secs_f64();
        let x = |seconds: f64| LEFT + seconds / length * WIDTH;
        let (begin, end) = (
            x(scenario.outage.start.as_secs_f64()),
            x(scenario.outage.end.as_secs_f64()),
        );
        let path = |values: &[f64], most: f64| {
            let mut path = String::new();
            for (second, value) in values.iter().enumerate() {
                let letter = if second == 0 { 'M' } else { 'L' };
                let y = top + HEIGHT * (1.0 - (value / most).min(1.0));
                let _ = write!(path, "{letter}{:.1} {y:.1}", x(second as f64 + 0.5));
            }
            path
        };
        let _ = write!(
            svg,
            "<text x=\"12\" y=\"{:.1}\" class=\"name\">{}</text>\n\
             <rect class=\"band\" x=\"{begin:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{HEIGHT}\"/>\n\
             <path class=\"axis\" d=\"M{LEFT} {top}v{HEIGHT}h{WIDTH}\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" class=\"right\">100 %, {MOST_CALLS:.0}/s</text>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" class=\"right\">0</text>\n\
             <path class=\"open\" d=\"{}\"/>\n<path class=\"load\" d=\"{}\"/>\n",
            top + HEIGHT / 2.0,
            scenario.name,
            end - begin,
            LEFT - 6.0,
            top + 10.0,
            LEFT - 6.0,
            top + HEIGHT,
            path(&run.open, 1.0),
            path(&run.load, MOST_CALLS),
        );
        for seconds in [0.0, 20.0, 40.0, 60.0, 80.0, 100.0] {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" class=\"middle\">{seconds:.0}</text>",
                x(seconds),
                top + HEIGHT + 16.0
            );
        }
    }
    let _ = write!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" class=\"middle\">time (s)</text>\n\
         <path class=\"open\" d=\"M{LEFT} {:.1}h18\"/>\n<text x=\"{:.1}\" y=\"{:.1}\">instances that reject</text>\n\
         <path class=\"load\" d=\"M{:.1} {:.1}h18\"/>\n<text x=\"{:.1}\" y=\"{:.1}\">calls at the dependency</text>\n</svg>\n",
        LEFT + WIDTH / 2.0,
        bottom + 4.0,
        bottom + 26.0,
        LEFT + 24.0,
        bottom + 30.0,
        LEFT + 220.0,
        bottom + 26.0,
        LEFT + 244.0,
        bottom + 30.0,
    );
    svg
}

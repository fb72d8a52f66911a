//! Figures: the successful calls and the load of each strategy over time, as SVG.

use super::{
    measure::{Measures, Second},
    scenario::Scenario,
    strategy::Strategy,
};
use std::fmt::Write;

/// Appends formatted text to a `String`, which cannot fail.
macro_rules! put {
    ($out:expr, $($text:tt)*) => {
        write!($out, $($text)*).expect("a string takes all text")
    };
}

/// Returns the figure of a scenario.
///
/// Each strategy has a row of its own with two panels, since lines of seven strategies in one panel
/// hide each other. The figure has its own background, and with it the colours of its text, so that
/// it is readable wherever it is shown.
pub(crate) fn svg(scenario: &Scenario, runs: &[(Strategy, Measures)]) -> String {
    let shown = scenario.shown.as_secs() as usize;
    let most = runs
        .iter()
        .flat_map(|(_, run)| requests(&run.seconds[..shown]))
        .fold(0.0, f64::max);
    let figure = Figure {
        scenario,
        seconds: scenario.shown.as_secs_f64(),
        most_requests: round_up(most),
        bottom: TOP + runs.len() as f64 * ROW,
    };
    let mut svg = figure.head(runs);
    for (row, (strategy, run)) in runs.iter().enumerate() {
        figure.row(&mut svg, row, strategy, &run.seconds[..shown]);
    }
    figure.time_axes(&mut svg);
    figure.legend(&mut svg);
    svg + "</svg>\n"
}

// All lengths are in the units of the figure, which are pixels where it is shown at its own size.
const WIDTH: f64 = 760.0;
/// Where the rows begin.
const TOP: f64 = 70.0;
const ROW: f64 = 54.0;
const PANEL_HEIGHT: f64 = 38.0;
const PANEL_WIDTH: f64 = 262.0;
/// The left ends of the panels.
const SUCCESSES: f64 = 150.0;
const REQUESTS: f64 = 478.0;

/// How many seconds one point of a line stands for.
const STEP: usize = 2;

const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#1f2328}
.title{font-size:15px;font-weight:600}
.name{font-weight:600}
.right{text-anchor:end}
.middle{text-anchor:middle}
.ground{fill:#fff}
.band{fill:#f1e3c4}
.axis{stroke:#d0d7de;fill:none}
.good{stroke:#00694e;stroke-width:2;fill:none}
.load{stroke:#0a58b8;stroke-width:2;fill:none}
.full{stroke:#b3261e;stroke-dasharray:5 4;fill:none}
@media(prefers-color-scheme:dark){
text{fill:#e6edf3}
.ground{fill:#0d1117}
.band{fill:#3a2f12}
.axis{stroke:#3d444d}
.good{stroke:#4cd6a5}
.load{stroke:#79b8ff}
.full{stroke:#ff8a80}
}
";

struct Figure<'s> {
    scenario: &'s Scenario,
    seconds: f64,
    /// The end of the axes of requests.
    most_requests: f64,
    /// Where the rows end.
    bottom: f64,
}

impl Figure<'_> {
    fn head(&self, runs: &[(Strategy, Measures)]) -> String {
        let (name, title) = (self.scenario.name, self.scenario.title);
        let height = self.bottom + 62.0;
        let mut described = format!(
            "For each strategy two lines over the first {} seconds: the share of the calls begun in a second that \
             succeed, and the requests that reach the service in a second.",
            self.seconds
        );
        for (strategy, run) in runs {
            let rate = 100.0 * run.success_rate();
            let recovery = match run.recovery(self.scenario) {
                Some(seconds) => format!("recovered {seconds} s after the trouble"),
                None => "never recovered".to_owned(),
            };
            put!(
                described,
                " {}: {rate:.1} % of all calls succeed, {:.2} requests per call, {recovery}.",
                strategy.name,
                run.load_factor()
            );
        }
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\" aria-labelledby=\"{name}-title {name}-desc\">\n\
             <title id=\"{name}-title\">{title}</title>\n<desc id=\"{name}-desc\">{described}</desc>\n\
             <style>\n{STYLE}</style>\n"
        );
        put!(
            svg,
            "<rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>\n"
        );
        text(&mut svg, 12.0, 26.0, "title", title);
        text(&mut svg, 12.0, 56.0, "", "strategy");
        text(&mut svg, SUCCESSES, 56.0, "", "calls that succeed (%)");
        text(
            &mut svg,
            REQUESTS,
            56.0,
            "",
            "requests at the service (1/s)",
        );
        svg
    }

    fn row(&self, svg: &mut String, row: usize, strategy: &Strategy, seconds: &[Second]) {
        let floor = TOP + row as f64 * ROW + PANEL_HEIGHT;
        text(
            svg,
            12.0,
            floor - PANEL_HEIGHT / 2.0 + 4.0,
            "name",
            strategy.name,
        );
        self.panel(svg, SUCCESSES, floor, 100.0);
        line(svg, "good", SUCCESSES, floor, 100.0, &successes(seconds));
        self.panel(svg, REQUESTS, floor, self.most_requests);
        let capacity = self.scenario.capacity();
        if capacity <= self.most_requests {
            let y = floor - PANEL_HEIGHT * capacity / self.most_requests;
            put!(
                svg,
                "<path class=\"full\" d=\"M{REQUESTS} {y:.0}h{PANEL_WIDTH}\"/>\n"
            );
        }
        line(
            svg,
            "load",
            REQUESTS,
            floor,
            self.most_requests,
            &requests(seconds),
        );
    }

    /// Draws the ground of a panel: the trouble, the axes, and the ends of the vertical one.
    fn panel(&self, svg: &mut String, left: f64, floor: f64, most: f64) {
        let scale = PANEL_WIDTH / self.seconds;
        let x = left + self.scenario.from.as_secs_f64() * scale;
        let width = (self.scenario.until - self.scenario.from).as_secs_f64() * scale;
        let ceiling = floor - PANEL_HEIGHT;
        put!(
            svg,
            "<rect class=\"band\" x=\"{x:.1}\" y=\"{ceiling}\" width=\"{width:.1}\" height=\"{PANEL_HEIGHT}\"/>\n\
             <path class=\"axis\" d=\"M{left} {ceiling}v{PANEL_HEIGHT}h{PANEL_WIDTH}\"/>\n"
        );
        text(svg, left - 6.0, ceiling + 9.0, "right", &most.to_string());
        text(svg, left - 6.0, floor, "right", "0");
    }

    fn time_axes(&self, svg: &mut String) {
        for left in [SUCCESSES, REQUESTS] {
            for tick in 0..=TICKS {
                let x = left + PANEL_WIDTH * f64::from(tick) / f64::from(TICKS);
                let seconds = self.seconds * f64::from(tick) / f64::from(TICKS);
                text(svg, x, self.bottom + 2.0, "middle", &seconds.to_string());
            }
            let middle = left + PANEL_WIDTH / 2.0;
            text(svg, middle, self.bottom + 20.0, "middle", "time (s)");
        }
    }

    fn legend(&self, svg: &mut String) {
        let y = self.bottom + 46.0;
        put!(
            svg,
            "<rect class=\"band\" x=\"{SUCCESSES}\" y=\"{}\" width=\"18\" height=\"12\"/>\n",
            y - 10.0
        );
        text(svg, SUCCESSES + 24.0, y, "", "the trouble");
        let mut entry = |class: &str, x: f64, label: &str| {
            put!(svg, "<path class=\"{class}\" d=\"M{x} {}h18\"/>\n", y - 4.0);
            text(svg, x + 24.0, y, "", label);
        };
        entry("good", SUCCESSES + 116.0, "successful calls");
        entry("load", SUCCESSES + 262.0, "requests");
        if self.scenario.capacity() <= self.most_requests {
            entry("full", SUCCESSES + 358.0, "what the service can answer");
        }
    }
}

/// Into how many parts the axes of time are divided.
const TICKS: u32 = 6;

fn text(svg: &mut String, x: f64, y: f64, class: &str, text: &str) {
    let class = match class {
        "" => String::new(),
        class => format!(" class=\"{class}\""),
    };
    put!(
        svg,
        "<text x=\"{x:.0}\" y=\"{y:.0}\"{class}>{text}</text>\n"
    );
}

/// Draws values at equal distances, without the points inside of horizontal stretches.
fn line(svg: &mut String, class: &str, left: f64, floor: f64, most: f64, values: &[f64]) {
    let step = PANEL_WIDTH / values.len() as f64;
    let points: Vec<(f64, String)> = (values.iter().enumerate())
        .map(|(index, value)| {
            let x = left + (index as f64 + 0.5) * step;
            (x, format!("{:.1}", floor - PANEL_HEIGHT * value / most))
        })
        .collect();
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        let is_level = |other: Option<&(f64, String)>| other.is_some_and(|(_, other)| other == y);
        if !(is_level(points.get(index + 1)) && index > 0 && is_level(points.get(index - 1))) {
            let letter = if index == 0 { 'M' } else { 'L' };
            put!(path, "{letter}{x:.1} {y}");
        }
    }
    put!(svg, "<path class=\"{class}\" d=\"{path}\"/>\n");
}

/// Returns the share of successful calls, in percent, of each step.
fn successes(seconds: &[Second]) -> Vec<f64> {
    let share = |step: &[Second]| {
        let calls: u32 = step.iter().map(|second| second.calls).sum();
        let successes: u32 = step.iter().map(|second| second.successes).sum();
        100.0 * f64::from(successes) / f64::from(calls.max(1))
    };
    seconds.chunks(STEP).map(share).collect()
}

/// Returns the requests per second of each step.
fn requests(seconds: &[Second]) -> Vec<f64> {
    let rate = |step: &[Second]| {
        let requests: u32 = step.iter().map(|second| second.requests).sum();
        f64::from(requests) / step.len() as f64
    };
    seconds.chunks(STEP).map(rate).collect()
}

/// Returns the next round number: 1, 2 or 5 times a power of ten.
fn round_up(value: f64) -> f64 {
    let mut power = 1.0;
    loop {
        for factor in [1.0, 2.0, 5.0] {
            if value <= factor * power {
                return factor * power;
            }
        }
        power *= 10.0;
    }
}

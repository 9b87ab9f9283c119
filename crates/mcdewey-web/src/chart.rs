//! Bar charts of the last week, as SVG coloured by the stylesheet. The status page has the same
//! numbers as a table.

use std::fmt::Write as _;
use std::ops::Range;

use mcdewey_core::format_utc;
use mcdewey_query::telemetry::HourStatistics;

/// Width of an hour, in SVG units.
const HOUR_WIDTH: usize = 4;
const HEIGHT: f64 = 100.0;
/// Smallest bar of a value above zero, so that it stays visible.
const MIN_BAR_HEIGHT: f64 = 2.0;

#[derive(Debug)]
pub(super) struct Chart {
    pub(super) name: &'static str,
    /// CSS class and label of each series.
    pub(super) legend: [(&'static str, &'static str); 2],
    /// Label of the upper edge.
    pub(super) top: String,
    /// Safe SVG.
    pub(super) svg: String,
    /// Labels of the days: "21 Nov".
    pub(super) days: Vec<String>,
}

/// Questions per hour, with the unanswered ones in front.
pub(super) fn questions(hours: &[HourStatistics]) -> Chart {
    let max = hours
        .iter()
        .map(|hour| hour.searches)
        .max()
        .unwrap_or_default();

    let svg = svg(hours, |svg, x, hour| {
        let height = |count: u64| bar_height(count as f64, max as f64);
        push_bar(svg, "answered", x, height(hour.searches));
        push_bar(svg, "unanswered", x, height(hour.without_answer));
    });

    Chart {
        name: "Questions",
        legend: [("answered", "all"), ("unanswered", "unanswered")],
        top: format!("{max} per hour"),
        svg,
        days: days(hours),
    }
}

/// The median and the 95th percentile of the search latency, per hour.
pub(super) fn latency(hours: &[HourStatistics]) -> Chart {
    let max = hours
        .iter()
        .filter_map(|hour| hour.p95_ms)
        .fold(0.0, f64::max);

    let svg = svg(hours, |svg, x, hour| {
        if let (Some(p50), Some(p95)) = (hour.p50_ms, hour.p95_ms) {
            push_bar(svg, "slower", x, bar_height(p95, max));
            push_bar(svg, "faster", x, bar_height(p50, max));
        }
    });

    Chart {
        name: "Search latency",
        legend: [("faster", "p50"), ("slower", "p95")],
        top: format!("{max:.0} ms"),
        svg,
        days: days(hours),
    }
}

/// Draws each hour at its x coordinate.
fn svg(hours: &[HourStatistics], draw: impl Fn(&mut String, usize, &HourStatistics)) -> String {
    let mut svg = format!(
        "<svg viewBox=\"0 0 {} {HEIGHT}\" preserveAspectRatio=\"none\" aria-hidden=\"true\" \
         focusable=\"false\">",
        hours.len() * HOUR_WIDTH
    );

    for (at, hour) in hours.iter().enumerate() {
        draw(&mut svg, at * HOUR_WIDTH, hour);
    }

    svg.push_str("</svg>");
    svg
}

fn days(hours: &[HourStatistics]) -> Vec<String> {
    hours
        .iter()
        .step_by(24)
        .map(|hour| day(hour.began))
        .collect()
}

fn bar_height(value: f64, max: f64) -> f64 {
    if value <= 0.0 || max <= 0.0 {
        0.0
    } else {
        (value / max * HEIGHT).max(MIN_BAR_HEIGHT)
    }
}

fn push_bar(svg: &mut String, class: &str, x: usize, height: f64) {
    if height > 0.0 {
        let y = HEIGHT - height;
        let _ = write!(
            svg,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y:.1}\" width=\"{}\" height=\"{height:.1}\"/>",
            HOUR_WIDTH - 1
        );
    }
}

/// "21 Nov".
fn day(unix_seconds: u64) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];

    let timestamp = format_utc(unix_seconds);
    let month = number(&timestamp, 5..7).wrapping_sub(1);
    format!(
        "{} {}",
        number(&timestamp, 8..10),
        MONTHS.get(month).unwrap_or(&"")
    )
}

fn number(timestamp: &str, range: Range<usize>) -> usize {
    timestamp
        .get(range)
        .and_then(|digits| digits.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(
        began: u64,
        searches: u64,
        without_answer: u64,
        times: Option<(f64, f64)>,
    ) -> HourStatistics {
        HourStatistics {
            began,
            searches,
            without_answer,
            p50_ms: times.map(|(p50, _)| p50),
            p95_ms: times.map(|(_, p95)| p95),
        }
    }

    #[test]
    fn bar_height_is_proportional() {
        let hours = [
            hour(0, 10, 5, None),
            hour(3600, 0, 0, None),
            hour(7200, 1000, 0, None),
        ];

        let chart = questions(&hours);
        assert_eq!(chart.top, "1000 per hour");
        assert_eq!(
            chart.svg,
            "<svg viewBox=\"0 0 12 100\" preserveAspectRatio=\"none\" aria-hidden=\"true\" \
             focusable=\"false\">\
             <rect class=\"answered\" x=\"0\" y=\"98.0\" width=\"3\" height=\"2.0\"/>\
             <rect class=\"unanswered\" x=\"0\" y=\"98.0\" width=\"3\" height=\"2.0\"/>\
             <rect class=\"answered\" x=\"8\" y=\"0.0\" width=\"3\" height=\"100.0\"/></svg>"
        );
    }

    #[test]
    fn latency_shows_p50_and_p95() {
        let chart = latency(&[hour(0, 1, 0, Some((20.0, 40.0))), hour(3600, 0, 0, None)]);
        assert_eq!(chart.top, "40 ms");
        assert_eq!(chart.svg.matches("<rect").count(), 2);
        assert!(
            chart.svg.contains("class=\"faster\" x=\"0\" y=\"50.0\""),
            "{}",
            chart.svg
        );
    }

    #[test]
    fn days_are_labelled() {
        let hours: Vec<HourStatistics> = (0..48)
            .map(|at| hour(951_782_400 + at * 3600, 0, 0, None))
            .collect();
        assert_eq!(questions(&hours).days, ["29 Feb", "1 Mar"]);
    }
}

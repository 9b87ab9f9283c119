//! Figures of the last week as pictures: scalable, coloured by the stylesheet, and told in words beside.

use std::fmt::Write as _;
use std::ops::Range;

use crate::app::observe::{Hour, written};

/// Width of an hour.
const STEP: usize = 4;
const HEIGHT: f64 = 100.0;
/// The least height of what is not nothing.
const LEAST: f64 = 2.0;

/// A picture, what it shows, its scale and its days.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) name: &'static str,
    /// The classes of its parts, and what they stand for.
    pub(super) legend: [(&'static str, &'static str); 2],
    /// What stands above the picture's upper edge.
    pub(super) top: String,
    /// Safe SVG.
    pub(super) svg: String,
    /// "21 Nov" for the beginning of each day.
    pub(super) days: Vec<String>,
}

/// Questions by the hour, those without an answer at the bottom.
pub(super) fn questions(hours: &[Hour]) -> Chart {
    let most = hours
        .iter()
        .map(|hour| hour.searches)
        .max()
        .unwrap_or_default();

    let legend = [("answered", "all"), ("unanswered", "without an answer")];
    let (top, svg, days) = chart(hours, format!("{most} an hour"), |svg, x, hour| {
        let height = |count: u64| scaled(count as f64, most as f64);
        bar(svg, "answered", x, height(hour.searches));
        bar(svg, "unanswered", x, height(hour.without_answer));
    });

    Chart {
        name: "Questions",
        legend,
        top,
        svg,
        days,
    }
}

/// For each hour, from the time that half of its questions took to the time that 95 of 100 took.
pub(super) fn times(hours: &[Hour]) -> Chart {
    let most = hours
        .iter()
        .filter_map(|hour| hour.p95_ms)
        .fold(0.0, f64::max);
    let legend = [("faster", "half took at most"), ("slower", "95 of 100")];
    let (top, svg, days) = chart(hours, format!("{most:.0} ms"), |svg, x, hour| {
        if let (Some(p50), Some(p95)) = (hour.p50_ms, hour.p95_ms) {
            let (low, high) = (scaled(p50, most), scaled(p95, most));
            bar(svg, "slower", x, high);
            bar(svg, "faster", x, low);
        }
    });

    Chart {
        name: "Time of a search",
        legend,
        top,
        svg,
        days,
    }
}

fn chart(
    hours: &[Hour],
    top: String,
    draw: impl Fn(&mut String, usize, &Hour),
) -> (String, String, Vec<String>) {
    let mut svg = format!(
        "<svg viewBox=\"0 0 {} {HEIGHT}\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">",
        hours.len() * STEP
    );

    for (place, hour) in hours.iter().enumerate() {
        draw(&mut svg, place * STEP, hour);
    }

    svg.push_str("</svg>");
    let days = hours
        .iter()
        .step_by(24)
        .map(|hour| day(hour.began))
        .collect();

    (top, svg, days)
}

fn scaled(value: f64, most: f64) -> f64 {
    if value <= 0.0 || most <= 0.0 {
        0.0
    } else {
        (value / most * HEIGHT).max(LEAST)
    }
}

fn bar(svg: &mut String, class: &str, x: usize, height: f64) {
    if height > 0.0 {
        let y = HEIGHT - height;
        let _ = write!(
            svg,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y:.1}\" width=\"{}\" height=\"{height:.1}\"/>",
            STEP - 1
        );
    }
}

/// "21 Nov".
fn day(unix_seconds: u64) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];

    let written = written(unix_seconds);
    let number = |range: Range<usize>| {
        written
            .get(range)
            .and_then(|digits| digits.parse::<usize>().ok())
            .unwrap_or_default()
    };

    format!(
        "{} {}",
        number(8..10),
        MONTHS.get(number(5..7).wrapping_sub(1)).unwrap_or(&"")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(began: u64, searches: u64, without_answer: u64, times: Option<(f64, f64)>) -> Hour {
        Hour {
            began,
            searches,
            without_answer,
            p50_ms: times.map(|(p50, _)| p50),
            p95_ms: times.map(|(_, p95)| p95),
        }
    }

    #[test]
    fn bars_are_as_high_as_their_share() {
        let hours = [
            hour(0, 10, 5, None),
            hour(3600, 0, 0, None),
            hour(7200, 1000, 0, None),
        ];

        let chart = questions(&hours);
        assert_eq!(chart.top, "1000 an hour");
        assert_eq!(
            chart.svg,
            "<svg viewBox=\"0 0 12 100\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">\
             <rect class=\"answered\" x=\"0\" y=\"98.0\" width=\"3\" height=\"2.0\"/>\
             <rect class=\"unanswered\" x=\"0\" y=\"98.0\" width=\"3\" height=\"2.0\"/>\
             <rect class=\"answered\" x=\"8\" y=\"0.0\" width=\"3\" height=\"100.0\"/></svg>"
        );
    }

    #[test]
    fn times_lie_between_half_and_nearly_all() {
        let chart = times(&[hour(0, 1, 0, Some((20.0, 40.0))), hour(3600, 0, 0, None)]);
        assert_eq!(chart.top, "40 ms");
        assert_eq!(chart.svg.matches("<rect").count(), 2);
        assert!(
            chart.svg.contains("class=\"faster\" x=\"0\" y=\"50.0\""),
            "{}",
            chart.svg
        );
    }

    #[test]
    fn days_are_named() {
        let hours: Vec<Hour> = (0..48)
            .map(|place| hour(951_782_400 + place * 3600, 0, 0, None))
            .collect();
        assert_eq!(questions(&hours).days, ["29 Feb", "1 Mar"]);
    }
}

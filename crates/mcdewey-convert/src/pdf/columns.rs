//! Columns of running text. Readers of structure go by white space from edge to edge, so a page
//! number or a centred line between two columns makes them read both columns line by line. Here
//! columns are found line by line and set one below the other.

mod line;

use super::page_text::{Glyph, PageText, Rule, area, lines};
use line::{Line, Side};

/// Fewer lines are no column.
const MIN_LINES: usize = 4;

/// The share of lines of running text to which the first word of the next line could not be added.
const MIN_WRAPPED: f32 = 0.6;

/// The share of lines of running text that may have a gap like that between the cells of a row.
const MAX_GAPPED: f32 = 0.2;

/// A column of running text is wider than this many font sizes, in the median of its lines.
const MIN_LINE_WIDTH: f32 = 8.0;

/// Lines of running text have this many words, in the median, unless their script has no spaces.
const MIN_WORDS: usize = 3;

/// A gutter is wider than this many spaces, in the median of the lines beside it.
const WIDER_THAN_SPACE: f32 = 1.4;

/// A page with more characters is a map or a listing; trying every gutter would take too long.
const MAX_CHARACTERS: usize = 20_000;

/// How often columns are cut in two: enough for eight columns.
const MAX_CUTS: usize = 3;

/// Starts of lines that differ by less, in points, are tried as one edge of a column.
const STEP: f32 = 0.5;

/// How far left of the starts of its lines a column begins, in points.
const EDGE: f32 = 0.3;

/// The middle of a title is off the middle of the text by less than this share of the text's width.
const MAX_OFF_CENTRE: f32 = 0.02;

/// A title above columns takes less than this share of the text's width.
const MAX_TITLE: f32 = 0.6;

/// A title is followed by more than this many of its font sizes.
const MIN_TITLE_DISTANCE: f32 = 1.5;

/// A column, or what stands above, below or between columns.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub(super) glyphs: Vec<Glyph>,
    /// Whether the part is a column that continues the one before it.
    continues: bool,
    /// Whether the part stood between the lines of columns.
    gutter: bool,
}

impl Part {
    pub(super) fn is_gutter(&self) -> bool {
        self.gutter
    }
}

/// Returns the parts of a page in reading order, or nothing if it has no columns of running text.
pub(super) fn parts(page: &PageText) -> Vec<Part> {
    let upright = page.upright_glyphs();
    if upright.len() > MAX_CHARACTERS {
        return Vec::new();
    }

    let mut title: Vec<Line> = lines(&upright).into_iter().map(Line::from_glyphs).collect();
    let lines = title.split_off(title_lines(&title));
    let mut parts = Vec::new();
    push_part(title, &mut parts);
    cut(lines, &page.rules, MAX_CUTS, &mut parts);
    if !parts.iter().any(|part| part.continues) {
        return Vec::new();
    }
    parts
}

/// Returns how many lines at the top of a page are a title above all columns: short, centred and set
/// apart. Among three columns, such a title looks like a line of the second one.
fn title_lines(lines: &[Line]) -> usize {
    let left = lines.iter().map(Line::left).fold(f32::MAX, f32::min);
    let right = lines.iter().map(Line::right).fold(f32::MIN, f32::max);
    let (middle, width) = (f32::midpoint(left, right), right - left);
    let is_centred = |line: &Line| {
        let distance = f32::midpoint(line.left(), line.right()) - middle;
        distance.abs() <= MAX_OFF_CENTRE * width && line.right() - line.left() <= MAX_TITLE * width
    };
    let is_set_apart =
        |pair: &[Line]| pair[0].baseline() - pair[1].baseline() > MIN_TITLE_DISTANCE * pair[0].size;

    let centred = lines.iter().take_while(|line| is_centred(line)).count();
    lines
        .windows(2)
        .take(centred)
        .rposition(is_set_apart)
        .map_or(0, |last| last + 1)
}

/// Sets the parts of a page one below the other.
pub(super) fn arrange(page: &PageText, parts: Vec<Part>) -> PageText {
    let left_margin = page.width * 0.1;
    let mut arranged = PageText {
        width: page.width,
        ..PageText::default()
    };
    let mut bottom = 0.0;
    for part in parts {
        let Some(area) = area(&part.glyphs) else {
            continue;
        };
        let pitch = line_pitch(&part.glyphs);
        let distance = if part.continues { pitch } else { 2.2 * pitch };
        let (dx, dy) = (left_margin - area.left, bottom - distance - area.top);
        arranged
            .glyphs
            .extend(part.glyphs.into_iter().map(|glyph| Glyph {
                x: glyph.x + dx,
                y: glyph.y + dy,
                ..glyph
            }));
        let rules = page.rules.iter().filter(|rule| area.encloses(rule));
        arranged.rules.extend(rules.map(|rule| rule.moved(dx, dy)));
        bottom = area.bottom + dy;
    }

    let turned = page.glyphs.iter().filter(|glyph| !glyph.is_upright());
    arranged.glyphs.extend(turned.cloned().map(|glyph| Glyph {
        y: bottom - page.height + glyph.y,
        ..glyph
    }));
    arranged.fit_height(bottom);
    arranged
}

/// The median distance of the lines.
fn line_pitch(glyphs: &[Glyph]) -> f32 {
    let size = glyphs.iter().map(|glyph| glyph.size).fold(0.0, f32::max);
    let baselines: Vec<f32> = lines(glyphs).iter().map(|line| line[0].y).collect();
    let mut pitches: Vec<f32> = baselines.windows(2).map(|pair| pair[0] - pair[1]).collect();
    median(&mut pitches).unwrap_or(1.2 * size)
}

fn median(values: &mut [f32]) -> Option<f32> {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Appends the parts of these lines in reading order.
fn cut(lines: Vec<Line>, rules: &[Rule], cuts: usize, parts: &mut Vec<Part>) {
    let Some(x) = best_gutter(&lines, rules, cuts) else {
        push_part(lines, parts);
        return;
    };

    let mut between_columns = Vec::new();
    for band in bands(lines, x) {
        if !is_columns(&band, x, rules, cuts) {
            between_columns.extend(band);
            continue;
        }

        push_part(std::mem::take(&mut between_columns), parts);
        let last_baseline = band.last().map_or(0.0, Line::baseline);
        let [left, right, gutter] = split(band, x);
        let interrupts = gutter.iter().any(|line| line.baseline() > last_baseline);
        cut(left, rules, cuts - 1, parts);
        let first_of_right = parts.len();
        cut(right, rules, cuts - 1, parts);
        if let Some(part) = parts.get_mut(first_of_right) {
            part.continues = true;
        }
        let first_of_gutter = parts.len();
        push_part(gutter, parts);
        if let Some(part) = parts.get_mut(first_of_gutter) {
            part.gutter = interrupts;
        }
    }
    push_part(between_columns, parts);
}

/// Splits lines into what stands left of, right of and in a gutter.
fn split(lines: Vec<Line>, x: f32) -> [Vec<Line>; 3] {
    let mut sides = [Vec::new(), Vec::new(), Vec::new()];
    for line in lines {
        for (side, part) in sides.iter_mut().zip(line.split(x)) {
            if !part.words.is_empty() {
                side.push(part);
            }
        }
    }
    sides
}

fn push_part(lines: Vec<Line>, parts: &mut Vec<Part>) {
    let glyphs: Vec<Glyph> = lines
        .into_iter()
        .flat_map(|line| line.words)
        .flat_map(|word| word.glyphs)
        .collect();
    if !glyphs.is_empty() {
        parts.push(Part {
            glyphs,
            ..Part::default()
        });
    }
}

/// Returns the right edge of the gutter with the most lines beside it.
fn best_gutter(lines: &[Line], rules: &[Rule], cuts: usize) -> Option<f32> {
    if cuts == 0 {
        return None;
    }

    let mut candidates: Vec<f32> = lines.iter().flat_map(Line::column_starts).collect();
    candidates.sort_by(f32::total_cmp);
    candidates.dedup_by(|a, b| *a - *b < STEP);

    let mut best: Option<(usize, f32)> = None;
    for start in candidates {
        let x = start - EDGE;
        let count = lines_in_columns(lines, x, rules, cuts);
        if count > 0 && count >= best.map_or(0, |(most, _)| most) {
            best = Some((count, x));
        }
    }
    best.map(|(_, x)| x)
}

fn lines_in_columns(lines: &[Line], x: f32, rules: &[Rule], cuts: usize) -> usize {
    // Cheap first: most places are within words.
    let across = lines
        .iter()
        .filter(|line| line.side(x) == Side::Across)
        .count();
    if lines.len() < across + MIN_LINES {
        return 0;
    }
    bands(lines.to_vec(), x)
        .iter()
        .filter(|band| is_columns(band, x, rules, cuts))
        .map(Vec::len)
        .sum()
}

/// Splits lines where text runs across a gutter begins or ends.
fn bands(lines: Vec<Line>, x: f32) -> Vec<Vec<Line>> {
    let mut bands: Vec<(bool, Vec<Line>)> = Vec::new();
    for line in lines {
        let across = line.side(x) == Side::Across;
        match bands.last_mut() {
            Some((of_across, band)) if *of_across == across => band.push(line),
            _ => bands.push((across, vec![line])),
        }
    }
    bands.into_iter().map(|(_, band)| band).collect()
}

/// Reports whether lines are running text, or columns of it, on both sides of a gutter.
fn is_columns(band: &[Line], x: f32, rules: &[Rule], cuts: usize) -> bool {
    if band.iter().any(|line| line.side(x) == Side::Across) || is_ruled(band, x, rules) {
        return false;
    }

    let (gutters, spaces): (Vec<_>, Vec<_>) = band
        .iter()
        .flat_map(|line| line.gaps(x))
        .partition(|(_, gutter)| *gutter);
    let typical = |gaps: Vec<(f32, bool)>| {
        median(&mut gaps.into_iter().map(|gap| gap.0).collect::<Vec<f32>>())
    };
    if let (Some(gutter), Some(space)) = (typical(gutters), typical(spaces))
        && gutter < WIDER_THAN_SPACE * space
    {
        return false;
    }

    let [left, right, _] = split(band.to_vec(), x);
    let (left_is_text, right_is_text) = (is_running_text(&left), is_running_text(&right));
    let has_columns = |side: &[Line]| best_gutter(side, rules, cuts - 1).is_some();
    match (left_is_text, right_is_text) {
        (true, true) => true,
        (true, false) => has_columns(&right),
        (false, true) => has_columns(&left),
        (false, false) => cuts == MAX_CUTS && has_columns(&left) && has_columns(&right),
    }
}

/// Reports whether at least two horizontal rules run across the gutter, as in a table.
fn is_ruled(band: &[Line], x: f32, rules: &[Rule]) -> bool {
    let top = band.first().map_or(0.0, |line| line.baseline() + line.size);
    let bottom = band.last().map_or(0.0, Line::baseline);
    let across = rules.iter().filter(|rule| {
        let within = rule.bottom > bottom && rule.top < top;
        let margin = 20.0;
        rule.is_horizontal() && within && rule.left < x - margin && rule.right > x + margin
    });
    across.count() >= 2
}

/// Reports whether lines are wrapped at the width of their column.
fn is_running_text(lines: &[Line]) -> bool {
    if lines.len() < MIN_LINES {
        return false;
    }

    let left = lines.iter().map(Line::left).fold(f32::MAX, f32::min);
    let right = lines.iter().map(Line::right).fold(f32::MIN, f32::max);
    let mut widths: Vec<f32> = lines
        .iter()
        .map(|line| (right - left) / line.size)
        .collect();
    let mut words: Vec<usize> = lines.iter().map(|line| line.words.len()).collect();
    words.sort_unstable();

    let is_spaced = lines
        .iter()
        .flat_map(|line| &line.words)
        .flat_map(|word| &word.glyphs)
        .all(|glyph| glyph.text.chars().all(|c| c < '\u{2e80}'));
    let enough_words = !is_spaced || words[words.len() / 2] >= MIN_WORDS;

    let wrapped = lines
        .windows(2)
        .filter(|pair| pair[0].right() + pair[1].first_width() >= right - pair[0].size)
        .count();
    let gapped = lines.iter().filter(|line| line.has_cells()).count();
    median(&mut widths).is_some_and(|width| width >= MIN_LINE_WIDTH)
        && enough_words
        && wrapped as f32 >= MIN_WRAPPED * (lines.len() - 1) as f32
        && gapped as f32 <= MAX_GAPPED * lines.len() as f32
}

#[cfg(test)]
mod tests;

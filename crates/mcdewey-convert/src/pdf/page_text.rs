//! A page as a list of characters and ruling lines, whichever library read it. The repairs work
//! on this form.

/// What is drawn on a page, in PDF points. The origin is the lower left corner.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PageText {
    pub(super) width: f32,
    pub(super) height: f32,
    /// In the order in which they are drawn.
    pub(super) glyphs: Vec<Glyph>,
    pub(super) rules: Vec<Rule>,
}

/// A drawn character, or several that one glyph stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Glyph {
    pub(super) text: String,
    /// Where the baseline starts.
    pub(super) x: f32,
    pub(super) y: f32,
    /// The width along the baseline.
    pub(super) advance: f32,
    /// The font size as drawn.
    pub(super) size: f32,
    /// The direction of the baseline, in degrees counter-clockwise from left to right, 0 to 360.
    pub(super) angle: f32,
    pub(super) style: Style,
}

/// The style of a font, as far as structure depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Style {
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) monospace: bool,
}

/// A horizontal or vertical line, or an edge of a rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rule {
    pub(super) left: f32,
    pub(super) bottom: f32,
    pub(super) right: f32,
    pub(super) top: f32,
}

impl Glyph {
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Reports whether the glyph is read from left to right.
    pub(super) fn is_upright(&self) -> bool {
        turn_distance(self.angle, 0.0) < 1.0
    }

    pub(super) fn right(&self) -> f32 {
        self.x + self.advance
    }
}

impl Rule {
    pub(super) fn is_horizontal(&self) -> bool {
        self.right - self.left >= self.top - self.bottom
    }

    /// Reports whether another rule lies within this box, but for a small margin.
    pub(super) fn encloses(&self, other: &Self) -> bool {
        const MARGIN: f32 = 15.0;
        other.left >= self.left - MARGIN
            && other.right <= self.right + MARGIN
            && other.bottom >= self.bottom - MARGIN
            && other.top <= self.top + MARGIN
    }

    pub(super) fn moved(self, dx: f32, dy: f32) -> Self {
        Self {
            left: self.left + dx,
            bottom: self.bottom + dy,
            right: self.right + dx,
            top: self.top + dy,
        }
    }
}

impl PageText {
    /// Returns what is read from left to right, without turning the page.
    pub(super) fn upright_glyphs(&self) -> Vec<Glyph> {
        let upright = self.glyphs.iter().filter(|glyph| glyph.is_upright());
        upright.cloned().collect()
    }

    /// Moves everything that is drawn.
    pub(super) fn shift(&mut self, dx: f32, dy: f32) {
        for glyph in &mut self.glyphs {
            glyph.x += dx;
            glyph.y += dy;
        }
        for rule in &mut self.rules {
            *rule = rule.moved(dx, dy);
        }
    }

    /// Moves everything up so that `lowest` has room below it, and sets the height of the page so
    /// that nothing is near its edges, where a reader looks for page numbers to leave out.
    pub(super) fn fit_height(&mut self, lowest: f32) {
        let highest = self
            .glyphs
            .iter()
            .map(|glyph| glyph.y)
            .fold(lowest, f32::max);
        let text_height = highest - lowest;
        let margin = 0.5 * text_height + 100.0;
        self.shift(0.0, margin - lowest);
        self.height = text_height + 2.0 * margin;
    }

    /// The text of all glyphs, in the order in which they are drawn.
    pub(super) fn text(&self) -> String {
        self.glyphs
            .iter()
            .map(|glyph| glyph.text.as_str())
            .collect()
    }
}

/// The difference of two directions in degrees, 0 to 180.
pub(super) fn turn_distance(a: f32, b: f32) -> f32 {
    let difference = (a - b).rem_euclid(360.0);
    difference.min(360.0 - difference)
}

/// The box around the baselines of glyphs.
pub(super) fn area(glyphs: &[Glyph]) -> Option<Rule> {
    let first = glyphs.first()?;
    let start = Rule {
        left: first.x,
        bottom: first.y,
        right: first.right(),
        top: first.y,
    };
    Some(glyphs.iter().fold(start, |area, glyph| Rule {
        left: area.left.min(glyph.x),
        bottom: area.bottom.min(glyph.y),
        right: area.right.max(glyph.right()),
        top: area.top.max(glyph.y),
    }))
}

/// A part of a line without a gap as wide as a column gap.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Segment {
    pub(super) glyphs: Vec<Glyph>,
    pub(super) left: f32,
    pub(super) right: f32,
    /// The baseline.
    pub(super) y: f32,
    /// The largest font size.
    pub(super) size: f32,
}

/// Baselines of one line differ by this many font sizes at most. Those of columns side by side may
/// differ by little more.
const BASELINE_TOLERANCE: f32 = 0.12;

/// A gap of this many font sizes parts the segments of a line.
const SEGMENT_GAP: f32 = 0.8;

impl Segment {
    fn from_glyphs(glyphs: Vec<Glyph>) -> Option<Self> {
        let first = glyphs.first()?;
        Some(Self {
            left: first.x,
            right: glyphs.iter().map(Glyph::right).fold(first.x, f32::max),
            y: first.y,
            size: glyphs.iter().map(|glyph| glyph.size).fold(0.0, f32::max),
            glyphs,
        })
    }

    pub(super) fn text(&self) -> String {
        self.glyphs
            .iter()
            .map(|glyph| glyph.text.as_str())
            .collect()
    }
}

/// Groups upright glyphs into segments, from top to bottom and from left to right.
pub(super) fn segments(glyphs: &[Glyph]) -> Vec<Segment> {
    lines(glyphs)
        .iter()
        .flat_map(|line| split_line(line))
        .collect()
}

/// Groups upright glyphs by their baselines, from top to bottom and from left to right.
pub(super) fn lines(glyphs: &[Glyph]) -> Vec<Vec<Glyph>> {
    let mut sorted: Vec<Glyph> = glyphs.to_vec();
    sorted.sort_by(|a, b| b.y.total_cmp(&a.y));
    let mut lines: Vec<Vec<Glyph>> = sorted
        .chunk_by(|a, b| a.y - b.y <= BASELINE_TOLERANCE * a.size.min(b.size))
        .map(<[Glyph]>::to_vec)
        .collect();
    for line in &mut lines {
        line.sort_by(|a, b| a.x.total_cmp(&b.x));
    }
    lines
}

fn split_line(line: &[Glyph]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut current: Vec<Glyph> = Vec::new();
    let mut right = f32::MIN;
    for glyph in line {
        let gap = glyph.x - right;
        if !current.is_empty() && !glyph.is_blank() && gap > SEGMENT_GAP * glyph.size {
            segments.extend(Segment::from_glyphs(trimmed(std::mem::take(&mut current))));
        }
        if !glyph.is_blank() {
            right = glyph.right().max(right);
        }
        current.push(glyph.clone());
    }
    segments.extend(Segment::from_glyphs(trimmed(current)));
    segments
}

/// Removes the blanks at both ends.
fn trimmed(mut glyphs: Vec<Glyph>) -> Vec<Glyph> {
    while glyphs.last().is_some_and(Glyph::is_blank) {
        glyphs.pop();
    }
    let blanks = glyphs.iter().take_while(|glyph| glyph.is_blank()).count();
    glyphs.drain(..blanks);
    glyphs
}

/// Pages for tests.
#[cfg(test)]
pub(super) mod samples {
    use super::*;

    /// The characters of a line of text, each half as wide as high, and spaces half of that.
    pub(in super::super) fn glyphs(text: &str, x: f32, y: f32, size: f32) -> Vec<Glyph> {
        let mut x = x;
        text.chars()
            .map(|character| {
                let advance = if character == ' ' {
                    size / 4.0
                } else {
                    size / 2.0
                };
                x += advance;
                Glyph {
                    text: character.to_string(),
                    x: x - advance,
                    y,
                    advance,
                    size,
                    angle: 0.0,
                    style: Style::default(),
                }
            })
            .collect()
    }

    /// A page of the size of A4.
    pub(in super::super) fn page(glyphs: Vec<Glyph>) -> PageText {
        PageText {
            width: 595.0,
            height: 842.0,
            glyphs,
            rules: Vec::new(),
        }
    }
}

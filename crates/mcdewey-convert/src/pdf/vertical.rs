//! Vertical writing: columns of characters from top to bottom, read from right to left.

use super::page_text::{Glyph, PageText};

/// Fewer characters one below the other are no column.
const MIN_COLUMN: usize = 3;

/// A page is set vertically if more than this share of its characters stands in columns.
const MIN_SHARE: f32 = 0.5;

/// The least distance of lines, in font sizes.
const MIN_PITCH: f32 = 1.2;

/// Columns further apart, in font sizes, are paragraphs.
const PARAGRAPH_PITCH: f32 = 1.9;

/// By how many points the first line of a paragraph is shifted against the last one before it, so
/// that a reader parts them where all lines have the same distance.
const PARAGRAPH_SHIFT: f32 = 45.0;

/// Sets the columns of a page as lines, if most of its text is set vertically. Reports whether it
/// did.
pub(super) fn set_horizontally(page: &mut PageText) -> bool {
    let count = page.glyphs.iter().filter(|glyph| !glyph.is_blank()).count();
    let (columns, others) = columns(&page.glyphs);
    let in_columns: usize = columns.iter().map(|column| column.glyphs.len()).sum();
    if count == 0 || (in_columns as f32) < MIN_SHARE * count as f32 {
        return false;
    }

    *page = lines(page, tiers(columns), others);
    true
}

/// Characters one below the other.
#[derive(Debug, Clone)]
struct Column {
    glyphs: Vec<Glyph>,
    /// The middle of the characters.
    x: f32,
    top: f32,
    bottom: f32,
    size: f32,
}

impl Column {
    fn from_glyphs(glyphs: Vec<Glyph>) -> Option<Self> {
        let first = glyphs.first()?;
        Some(Self {
            x: middle(first),
            top: first.y,
            bottom: glyphs.last()?.y,
            size: first.size,
            glyphs,
        })
    }
}

fn middle(glyph: &Glyph) -> f32 {
    glyph.x + glyph.advance / 2.0
}

/// Returns the columns in the order in which they are drawn, and the characters that are in none.
fn columns(glyphs: &[Glyph]) -> (Vec<Column>, Vec<Glyph>) {
    let drawn: Vec<Glyph> = glyphs
        .iter()
        .filter(|glyph| !glyph.is_blank())
        .cloned()
        .collect();
    let mut columns = Vec::new();
    let mut others = Vec::new();
    for run in drawn.chunk_by(is_below) {
        if run.len() >= MIN_COLUMN && is_mostly_ideographic(run) {
            columns.extend(Column::from_glyphs(run.to_vec()));
        } else {
            others.extend_from_slice(run);
        }
    }
    (columns, others)
}

/// Reports whether `next` stands right below `glyph`.
fn is_below(glyph: &Glyph, next: &Glyph) -> bool {
    let drop = glyph.y - next.y;
    (middle(next) - middle(glyph)).abs() < 0.35 * glyph.size
        && drop > 0.3 * glyph.size
        && drop < 1.8 * glyph.size
}

fn is_mostly_ideographic(glyphs: &[Glyph]) -> bool {
    let ideographic = glyphs
        .iter()
        .filter(|glyph| glyph.text.chars().all(is_ideographic))
        .count();
    2 * ideographic > glyphs.len()
}

/// Reports whether a character is of a script that may be set vertically, with its punctuation.
fn is_ideographic(c: char) -> bool {
    matches!(
        c,
        '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
            | '\u{fe10}'..='\u{fe1f}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

/// Groups columns that stand beside each other, from the top down; those of a tier are ordered
/// from right to left.
fn tiers(mut columns: Vec<Column>) -> Vec<Vec<Column>> {
    columns.sort_by(|a, b| b.top.total_cmp(&a.top));
    let mut tiers: Vec<Vec<Column>> = Vec::new();
    for column in columns {
        let beside = tiers.last().is_some_and(|tier| {
            let bottom = tier
                .iter()
                .map(|other| other.bottom)
                .fold(f32::MAX, f32::min);
            column.top > bottom
        });
        match tiers.last_mut() {
            Some(tier) if beside => tier.push(column),
            _ => tiers.push(vec![column]),
        }
    }

    for tier in &mut tiers {
        tier.sort_by(|a, b| b.x.total_cmp(&a.x).then(b.top.total_cmp(&a.top)));
    }
    tiers
}

/// Sets each column as a line of a new page. The distance of two lines is that of their columns.
fn lines(page: &PageText, tiers: Vec<Vec<Column>>, others: Vec<Glyph>) -> PageText {
    let first_top = tiers.first().map_or(0.0, |tier| tier_top(tier));
    let (above, below): (Vec<Glyph>, Vec<Glyph>) =
        others.into_iter().partition(|glyph| glyph.y > first_top);

    let mut glyphs = Vec::new();
    // The baseline, counted downwards.
    let mut y = 0.0;
    y = append_as_they_are(above, y, &mut glyphs);
    for tier in tiers {
        let top = tier_top(&tier);
        let mut previous: Option<Column> = None;
        let mut shift = 0.0;
        for column in tier {
            let pitch = previous.as_ref().map_or(2.5, |previous| {
                // What follows a gap in a column continues its line.
                let below = column.top < previous.bottom;
                if below {
                    MIN_PITCH
                } else {
                    (previous.x - column.x) / column.size
                }
            });
            y -= pitch.clamp(MIN_PITCH, 3.0) * column.size;
            if pitch > PARAGRAPH_PITCH {
                shift = PARAGRAPH_SHIFT - shift;
            }

            let indent = (top - column.top).max(0.0) + shift;
            glyphs.extend(as_line(&column, page.width * 0.1 + indent, y));
            previous = Some(column);
        }
    }
    y = append_as_they_are(below, y, &mut glyphs);

    let mut set = PageText {
        width: page.width.max(page.height),
        height: 0.0,
        glyphs,
        rules: Vec::new(),
    };
    set.fit_height(y);
    set
}

fn tier_top(tier: &[Column]) -> f32 {
    tier.iter()
        .map(|column| column.top)
        .fold(f32::MIN, f32::max)
}

fn as_line(column: &Column, x: f32, y: f32) -> impl Iterator<Item = Glyph> {
    let size = column.size;
    column
        .glyphs
        .iter()
        .cloned()
        .enumerate()
        .map(move |(index, glyph)| Glyph {
            x: x + index as f32 * size,
            y,
            advance: size,
            angle: 0.0,
            ..glyph
        })
}

/// Appends horizontal text below `y`. Returns the lowest baseline.
fn append_as_they_are(others: Vec<Glyph>, y: f32, glyphs: &mut Vec<Glyph>) -> f32 {
    let Some(top) = others
        .iter()
        .map(|glyph| glyph.y + 2.0 * glyph.size)
        .reduce(f32::max)
    else {
        return y;
    };

    let mut lowest = y;
    for glyph in others {
        let moved = y - (top - glyph.y);
        lowest = lowest.min(moved);
        glyphs.push(Glyph { y: moved, ..glyph });
    }
    lowest
}

#[cfg(test)]
mod tests {
    use super::super::page_text::samples::{glyphs, page};
    use super::super::page_text::segments;
    use super::*;

    /// A column of characters below a point.
    fn column(text: &str, x: f32, top: f32) -> Vec<Glyph> {
        let mut column = glyphs(text, x, top, 14.0);
        for (index, glyph) in column.iter_mut().enumerate() {
            glyph.x = x;
            glyph.y = top - 14.0 * index as f32;
            glyph.advance = 14.0;
        }
        column
    }

    fn line_texts(page: &PageText) -> Vec<String> {
        segments(&page.glyphs)
            .iter()
            .map(super::super::page_text::Segment::text)
            .collect()
    }

    #[test]
    fn columns_become_lines_from_right_to_left() {
        // The left column is drawn first.
        let mut drawn = column("弁を閉める", 400.0, 760.0);
        drawn.extend(column("ポンプの点検", 430.0, 760.0));
        drawn.extend(column("下の段です", 430.0, 400.0));
        drawn.extend(glyphs("12", 300.0, 30.0, 10.0));
        let mut page = page(drawn);

        assert!(set_horizontally(&mut page));
        assert_eq!(
            line_texts(&page),
            ["ポンプの点検", "弁を閉める", "下の段です", "12"]
        );
        assert!(
            page.glyphs
                .iter()
                .all(|glyph| glyph.y > 0.0 && glyph.y < page.height)
        );
    }

    #[test]
    fn horizontal_text_and_columns_of_numbers_stay() {
        let mut horizontal = page(glyphs("ポンプの点検を行います", 40.0, 700.0, 14.0));
        assert!(!set_horizontally(&mut horizontal));

        let mut numbers = page(column("12345678", 40.0, 700.0));
        assert!(!set_horizontally(&mut numbers));
    }
}

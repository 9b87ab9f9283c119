//! Widths of characters as they are set. Those that fonts declare may be wrong, and PDFium has
//! already decided where words end.

use super::page_text::{Glyph, turn_distance};

/// Characters further apart, in font sizes, are not of one word.
const MAX_GAP: f32 = 0.8;

/// Makes each character as wide as it is to the next one of its word, and each space between words
/// as wide as the gap that it stands for. Spaces between lines are removed.
pub(super) fn settle(glyphs: &mut Vec<Glyph>) {
    for index in 1..glyphs.len() {
        let (before, after) = glyphs.split_at_mut(index);
        let Some(previous) = before.last_mut() else {
            continue;
        };
        let glyph = &mut after[0];
        if previous.is_blank() || glyph.is_blank() {
            continue;
        }
        if let Some(distance) = distance(previous, glyph) {
            previous.advance = distance;
        } else if let Some(distance) = distance(glyph, previous) {
            // Right-to-left text comes in the order in which it is read.
            glyph.advance = distance;
        }
    }

    for index in 1..glyphs.len().saturating_sub(1) {
        if glyphs[index].is_blank() && glyphs[index].advance <= 0.0 {
            glyphs[index] = space_between(&glyphs[index - 1], &glyphs[index + 1]);
        }
    }
    glyphs.retain(|glyph| !glyph.text.is_empty());
}

/// Returns the space between two words, which has no text if they are of different lines.
fn space_between(previous: &Glyph, next: &Glyph) -> Glyph {
    let (left, right) = if along(previous, next) >= 0.0 {
        (previous, next)
    } else {
        (next, previous)
    };
    let (sin, cos) = left.angle.to_radians().sin_cos();
    let text = if is_same_line(left, right) { " " } else { "" };
    Glyph {
        text: text.to_owned(),
        x: left.x + left.advance * cos,
        y: left.y + left.advance * sin,
        advance: (along(left, right) - left.advance).max(0.0),
        ..left.clone()
    }
}

/// Takes the mark of a fixed-pitch font from the words whose letters are not equally wide. Some
/// programs mark every font.
pub(super) fn correct_fixed_pitch(glyphs: &mut [Glyph]) {
    const TOLERANCE: f32 = 0.04;

    let width = |glyph: &Glyph| glyph.advance / glyph.size;
    for line in glyphs.chunk_by_mut(|a, b| a.style == b.style && a.y == b.y && a.x < b.x) {
        let letters = line.iter().filter(|glyph| !glyph.is_blank());
        // The last letter has the width that its font declares.
        let inner = letters.clone().count().saturating_sub(1);
        let (least, most) = letters
            .take(inner)
            .map(width)
            .fold((f32::MAX, f32::MIN), |(least, most), width| {
                (least.min(width), most.max(width))
            });
        if most - least > TOLERANCE {
            for glyph in line {
                glyph.style.monospace = false;
            }
        }
    }
}

/// The distance from one character to the next one of its word, along the baseline.
fn distance(glyph: &Glyph, next: &Glyph) -> Option<f32> {
    let along = along(glyph, next);
    let near = along > 0.1 * glyph.size && along < glyph.advance + MAX_GAP * glyph.size;
    (is_same_line(glyph, next) && near).then_some(along)
}

fn is_same_line(a: &Glyph, b: &Glyph) -> bool {
    let (sin, cos) = a.angle.to_radians().sin_cos();
    let across = (b.y - a.y) * cos - (b.x - a.x) * sin;
    across.abs() < 0.1 * a.size && turn_distance(a.angle, b.angle) < 1.0
}

fn along(glyph: &Glyph, next: &Glyph) -> f32 {
    let (sin, cos) = glyph.angle.to_radians().sin_cos();
    (next.x - glyph.x) * cos + (next.y - glyph.y) * sin
}

#[cfg(test)]
mod tests {
    use super::super::page_text::samples::glyphs;
    use super::*;

    #[test]
    fn characters_reach_to_the_next_and_spaces_fill_the_gap() {
        let mut line = glyphs("ab c", 10.0, 700.0, 10.0);
        line[0].advance = 2.0;
        // A space that PDFium added has no width.
        line[2].advance = 0.0;
        line[2].x = line[3].x;
        settle(&mut line);

        assert_eq!(line[0].advance, 5.0);
        assert_eq!((line[2].x, line[2].advance), (20.0, 2.5));
    }

    #[test]
    fn only_letters_of_one_width_are_of_a_fixed_pitch() {
        let mut code = glyphs("let x = 1;", 10.0, 700.0, 10.0);
        for glyph in &mut code {
            glyph.style.monospace = true;
        }
        let mut text = code.clone();
        text[0].advance = 2.0;

        correct_fixed_pitch(&mut code);
        correct_fixed_pitch(&mut text);
        assert!(code.iter().all(|glyph| glyph.style.monospace));
        assert!(text.iter().all(|glyph| !glyph.style.monospace));
    }

    #[test]
    fn a_space_between_lines_is_removed() {
        let mut drawn = glyphs("ab c", 10.0, 700.0, 10.0);
        drawn[2].advance = 0.0;
        drawn[3].y = 688.0;
        drawn[3].x = 10.0;
        settle(&mut drawn);
        let text: String = drawn.iter().map(|glyph| glyph.text.as_str()).collect();
        assert_eq!(text, "abc");
    }

    #[test]
    fn lines_of_right_to_left_text_are_settled() {
        let mut line = glyphs("אב", 10.0, 700.0, 10.0);
        line[0].x = 15.0;
        line[1].x = 10.0;
        line[1].advance = 9.0;
        settle(&mut line);
        assert_eq!(line[1].advance, 5.0);
    }
}

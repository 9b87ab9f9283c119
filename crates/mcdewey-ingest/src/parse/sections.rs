//! Divides a document without page markers into sections, which take the place of pages. A section
//! is a heading and its own body.

use std::ops::Range;

use mcdewey_core::{Page, PageNumber, PageRef, Section};
use mcdewey_markdown::{Heading, Structure, Unit};

/// A longer section is cut, so that no request ever renders a whole document.
pub(crate) const MAX_SECTION_BYTES: usize = 32 * 1024;

/// A shorter section (about 45 tokens) is joined with its neighbour: two lines are not worth
/// opening on their own.
const MIN_SECTION_BYTES: usize = 200;

/// Headings below this level do not begin a section.
const MAX_SECTION_LEVEL: u8 = 3;

/// The maximum length of a slug before its number is appended.
const MAX_SLUG_BYTES: usize = 60;

/// A section while sections are joined.
struct SectionDraft {
    range: Range<usize>,
    /// The level of the first heading; 0 for text before any heading.
    level: u8,
    /// The title of the first heading.
    first_title: Option<String>,
    /// The title of the first heading with a body of its own.
    first_title_with_body: Option<String>,
    /// How many of the joined parts have a body of their own.
    body_count: usize,
}

/// Divides `body` at its headings. Concatenated, the sections are the body, byte for byte.
pub(crate) fn divide_into_sections(body: &str, structure: &Structure, title: &str) -> Vec<Page> {
    let drafts = join_small(cut_at_headings(body, &structure.headings));
    let mut pages: Vec<Page> = Vec::new();
    for draft in drafts {
        let title = draft.title().unwrap_or(title).to_owned();
        for range in cut_to_size(body, draft.range, MAX_SECTION_BYTES, &structure.units) {
            let number = u32::try_from(pages.len() + 1).unwrap_or(u32::MAX);
            let section = Section {
                slug: slug(&title, number),
                title: title.clone(),
            };

            let page = PageRef {
                number: PageNumber(number),
                label: None,
                section: Some(section),
            };

            pages.push(Page {
                page,
                text: body[range].to_owned(),
            });
        }
    }

    pages
}

fn cut_at_headings(body: &str, headings: &[Heading]) -> Vec<SectionDraft> {
    let headings: Vec<&Heading> = headings
        .iter()
        .filter(|heading| heading.level <= MAX_SECTION_LEVEL)
        .collect();
    let first_start = headings
        .first()
        .map_or(body.len(), |heading| heading.range.start);

    let mut drafts = Vec::new();
    if !body[..first_start].trim().is_empty() {
        drafts.push(SectionDraft {
            range: 0..first_start,
            level: 0,
            first_title: None,
            first_title_with_body: None,
            body_count: 1,
        });
    }

    for (index, heading) in headings.iter().enumerate() {
        // White space before the first heading belongs to its section.
        let start = if drafts.is_empty() {
            0
        } else {
            heading.range.start
        };
        let end = headings
            .get(index + 1)
            .map_or(body.len(), |next| next.range.start);

        let has_body = !body[heading.range.end..end].trim().is_empty();
        drafts.push(SectionDraft {
            range: start..end,
            level: heading.level,
            first_title: Some(heading.title.clone()),
            first_title_with_body: has_body.then(|| heading.title.clone()),
            body_count: usize::from(has_body),
        });
    }

    drafts
}

/// Joins headings without a body with the section that follows, then small sections with the
/// following one at the same depth or deeper, else with the preceding one.
fn join_small(drafts: Vec<SectionDraft>) -> Vec<SectionDraft> {
    let drafts = join_where(drafts, |last, _| last.body_count == 0);
    join_where(drafts, SectionDraft::should_absorb)
}

fn join_where(
    drafts: Vec<SectionDraft>,
    should_join: impl Fn(&SectionDraft, &SectionDraft) -> bool,
) -> Vec<SectionDraft> {
    let mut joined: Vec<SectionDraft> = Vec::new();
    for draft in drafts {
        match joined.last_mut() {
            Some(last)
                if last.range.len() + draft.range.len() <= MAX_SECTION_BYTES
                    && should_join(last, &draft) =>
            {
                last.absorb(draft);
            }
            _ => joined.push(draft),
        }
    }

    joined
}

impl SectionDraft {
    fn is_small(&self) -> bool {
        self.range.len() < MIN_SECTION_BYTES
    }

    fn should_absorb(&self, next: &Self) -> bool {
        let is_same_or_deeper = next.level >= self.level;
        (self.is_small() && is_same_or_deeper) || (next.is_small() && next.level > self.level)
    }

    fn absorb(&mut self, next: Self) {
        self.range.end = next.range.end;
        if self.body_count == 0 {
            self.first_title_with_body = next.first_title_with_body;
        }
        self.body_count += next.body_count;
    }

    /// Returns the title of the only heading with a body, or of the first heading where several
    /// have one.
    fn title(&self) -> Option<&str> {
        if self.body_count == 1 {
            self.first_title_with_body.as_deref()
        } else {
            self.first_title.as_deref()
        }
    }
}

/// Cuts `range` into pieces of at most `max` bytes: at blank lines if possible, else between lines,
/// else between characters, and rather before a unit than inside it.
fn cut_to_size(text: &str, range: Range<usize>, max: usize, units: &[Unit]) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = range.start;
    while range.end - start > max {
        let end = start + cut_offset(&text[start..range.end], max);
        let end = units
            .iter()
            .skip_while(|unit| unit.range.start <= start)
            .take_while(|unit| unit.range.start < end)
            .filter(|unit| end < unit.range.end && unit.range.len() <= max / 4)
            .find(|unit| unit.range.start - start > max / 4)
            .map_or(end, |unit| unit.range.start);

        pieces.push(start..end);
        start = end;
    }

    if start < range.end || pieces.is_empty() {
        pieces.push(start..range.end);
    }

    pieces
}

/// Returns the best offset at which to cut `text`, at most `max` unless the first character is
/// longer than that.
fn cut_offset(text: &str, max: usize) -> usize {
    let limit = text.floor_char_boundary(max);
    let window = &text[..limit];

    // A cut in the first quarter would leave a fragment.
    let is_late = |offset: &usize| *offset > max / 4;
    let offset = after_blank_line(window)
        .filter(is_late)
        .or_else(|| window.rfind('\n').map(|at| at + 1).filter(is_late))
        .or_else(|| after_last_space(window).filter(is_late))
        .unwrap_or(limit);

    if offset == 0 {
        text.chars().next().map_or(text.len(), char::len_utf8)
    } else {
        offset
    }
}

fn after_blank_line(text: &str) -> Option<usize> {
    text.rfind("\n\n")
        .map(|at| at + 2)
        .or_else(|| text.rfind("\n\r\n").map(|at| at + 3))
}

fn after_last_space(text: &str) -> Option<usize> {
    // Do not cut inside multi-byte white space: the offset after its first byte is inside
    // the character.
    text.rfind(char::is_whitespace)
        .map(|at| at + 1)
        .filter(|at| text.is_char_boundary(*at))
}

/// Returns a name for URLs. The section's number makes it unique.
fn slug(title: &str, number: u32) -> String {
    let mut slug = String::new();
    for c in title.to_lowercase().chars() {
        if slug.len() >= MAX_SLUG_BYTES {
            break;
        }
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }

    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        format!("section-{number}")
    } else {
        format!("{slug}-{number}")
    }
}

#[cfg(test)]
mod tests;

//! Reads pages again whose words or order a first reading did not get right.

use unpdf::parser::backend::RawBackend;
use unpdf::{Document, Page};

use super::characters::PdfFile;
use super::columns::Part;
use super::container::Container;
use super::page_text::{Glyph, PageText, Segment, segments};

use super::word_loss::{Difference, begins_with_second, order_agreement, repeats};
use super::{columns, merged_rows, overprint, rewrite, right_to_left, spans, upright, vertical};

/// Pages are repaired in groups of this many, so that a long file takes little memory.
const GROUP: usize = 64;

/// A page whose columns a reader followed to this share is left as it is.
const MIN_AGREEMENT: f32 = 0.8;

/// The same if a page number stands between the columns, which may be in the middle of a sentence.
const MIN_AGREEMENT_WITH_GUTTER: f32 = 0.99;

/// PDFium has not read a page if it has less than this share of the characters of `unpdf`.
const MIN_PDFIUM_SHARE: f32 = 0.5;

/// A page that is to be read again.
struct Repair {
    /// The position in the document.
    index: usize,
    page: PageText,
    /// The text that is drawn on the page.
    reference: String,
    /// Whether the order was wrong, so that the new reading is better even if no word was lost.
    reordered: bool,
    /// Whether rows of tables were merged, so that a reading with more rows is better.
    split_rows: bool,
}

/// Replaces the content of pages that were not read right.
pub(super) fn repair(container: &mut Container<'_>, file: Option<&PdfFile<'_>>) {
    let Some(file) = file else {
        return;
    };

    // A file that the raw parser rejects is read by PDFium alone.
    let backend = RawBackend::load_bytes(&container.bytes).ok();
    let document = &mut container.document;
    let mut repairs = Vec::new();
    for index in 0..document.pages.len() {
        repairs.extend(plan(index, &document.pages[index], file, backend.as_ref()));
        if repairs.len() == GROUP {
            apply(document, std::mem::take(&mut repairs));
        }
    }
    apply(document, repairs);
}

/// Returns a repair of a page, or `None` if it was read right.
fn plan(
    index: usize,
    page: &Page,
    file: &PdfFile<'_>,
    backend: Option<&RawBackend>,
) -> Option<Repair> {
    let text = page.plain_text();
    let mut drawn = file.page(page.number)?;
    let read = Difference::between(&drawn.text(), &text);
    if read.surplus > 0 && (read.total as f32) < MIN_PDFIUM_SHARE * text.chars().count() as f32 {
        drawn = spans::page(backend?, page.number)?;
    }

    overprint::drop_overprints(&mut drawn);
    let reference = drawn.text();
    let difference = Difference::between(&reference, &text);
    // Text outside a clipping path, and illegible recognised text, was left out on purpose.
    let left_out = page.clipped_text_runs > 0 || page.ocr_text_suppressed;
    let repeats = repeats(&reference, &text, difference.surplus);
    if difference.surplus_matters() && !repeats {
        // PDFium lacks words that were read.
        return None;
    }

    let has_ligatures = right_to_left::has_ligatures(&drawn) && {
        let source = backend.and_then(|backend| spans::page(backend, page.number));
        let source = source.map_or_else(String::new, |source| source.text());
        right_to_left::restore_ligatures(&mut drawn, &source) > 0
    };
    let reordered = reorder(&mut drawn, &text, page.ruled_tables > 0) || has_ligatures;
    let split_rows = merged_rows::are_merged(&drawn, &page.elements);
    let needed = reordered || split_rows || (difference.matters() && !left_out);
    needed.then_some(Repair {
        index,
        page: drawn,
        reference,
        reordered,
        split_rows,
    })
}

/// Brings what is drawn into an order in which lines are read. Reports whether that changed
/// anything that `text` does not have right.
fn reorder(drawn: &mut PageText, text: &str, ruled: bool) -> bool {
    let turned = upright::turn_upright(drawn) > 0;
    let moved = upright::move_turned_blocks(drawn);
    let vertical = vertical::set_horizontally(drawn);

    // The cells of a ruled table may look like columns.
    let parts = if ruled {
        Vec::new()
    } else {
        columns::parts(drawn)
    };
    if !parts.is_empty() {
        let least_agreement = if parts.iter().any(Part::is_gutter) {
            MIN_AGREEMENT_WITH_GUTTER
        } else {
            MIN_AGREEMENT
        };
        let arranged = columns::arrange(drawn, parts);
        let lines = line_texts(&arranged);
        let mixed = order_agreement(&lines, text) < least_agreement
            && !follows_drawing_order(drawn, text, least_agreement);
        let mixed = mixed || begins_with_second(&lines, text);
        if mixed || turned || moved {
            *drawn = arranged;
            return true;
        }
    }
    turned || moved || vertical
}

/// Reports whether a text has the order in which the page is drawn, if that goes back up to begin
/// another column. A page that is drawn from top to bottom says nothing of its columns.
fn follows_drawing_order(drawn: &PageText, text: &str, least_agreement: f32) -> bool {
    const MIN_JUMP: f32 = 5.0;

    let lines: Vec<&[Glyph]> = drawn
        .glyphs
        .chunk_by(|a, b| (a.y - b.y).abs() < 0.3 * a.size && b.x > a.x)
        .collect();
    let goes_up = lines
        .windows(2)
        .any(|pair| pair[1][0].y - pair[0][0].y > MIN_JUMP * pair[0][0].size);
    let texts: Vec<String> = lines
        .iter()
        .map(|line| line.iter().map(|glyph| glyph.text.as_str()).collect())
        .collect();
    goes_up && order_agreement(&texts, text) >= least_agreement
}

fn line_texts(page: &PageText) -> Vec<String> {
    segments(&page.glyphs).iter().map(Segment::text).collect()
}

/// Reads the repaired pages and puts their content into the document, if it is better.
fn apply(document: &mut Document, repairs: Vec<Repair>) {
    if repairs.is_empty() {
        return;
    }

    let (pages, targets): (Vec<PageText>, Vec<_>) = repairs
        .into_iter()
        .map(|repair| {
            (
                repair.page,
                (
                    repair.index,
                    repair.reference,
                    repair.reordered,
                    repair.split_rows,
                ),
            )
        })
        .unzip();
    let mut structure = rewrite::structure(&pages);
    for (drawn, blocks) in pages.iter().zip(&mut structure) {
        if merged_rows::are_merged(drawn, blocks)
            && let Some(unruled) = merged_rows::read_without_rules(drawn, blocks)
        {
            *blocks = unruled;
        }
    }

    for (blocks, (index, reference, reordered, split_rows)) in structure.into_iter().zip(targets) {
        let target = &mut document.pages[index];
        let mut read = Page::new(target.number, target.width, target.height);
        read.elements = blocks;
        let before = Difference::between(&reference, &target.plain_text());
        let after = Difference::between(&reference, &read.plain_text());
        let more_rows =
            merged_rows::row_count(&read.elements) > merged_rows::row_count(&target.elements);
        let better = after.size() < before.size()
            || (!after.matters() && (reordered || (split_rows && more_rows)));
        if better {
            target.elements = read.elements;
            target.suppressed_text_runs = 0;
            target.undecodable_content_streams = 0;
        }
    }
}

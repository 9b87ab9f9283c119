//! Ruling lines, which PDF does not tell from other lines and thin rectangles.

use pdfium_render::prelude::{
    PdfMatrix, PdfPage, PdfPageObject, PdfPageObjectsCommon, PdfPagePathObject, PdfPathFillMode,
    PdfPathSegmentType, PdfPathSegments,
};

use super::page_text::Rule;

/// Deepest nesting of form XObjects that is followed.
const MAX_FORM_DEPTH: usize = 8;

/// Most path objects that are read of one page. A map or a drawing has no use for tables.
const MAX_PATHS: usize = 4000;

/// A filled rectangle that is thinner, in points, is a line.
const MAX_RULE_THICKNESS: f32 = 2.5;

/// Returns the horizontal and vertical lines of a page and the edges of its rectangles.
pub(super) fn of_page(page: &PdfPage<'_>) -> Vec<Rule> {
    let mut reader = RuleReader::default();
    for object in page.objects().iter() {
        reader.read(&object, IDENTITY, 0);
    }
    reader.rules
}

/// A transformation matrix, in the order of PDF.
type Matrix = [f32; 6];

const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

fn apply(matrix: Matrix, (x, y): (f32, f32)) -> (f32, f32) {
    let [a, b, c, d, e, f] = matrix;
    (a * x + c * y + e, b * x + d * y + f)
}

/// Returns the matrix that applies `inner` first.
fn combine(inner: Matrix, outer: Matrix) -> Matrix {
    let linear = [outer[0], outer[1], outer[2], outer[3], 0.0, 0.0];
    let (a, b) = apply(linear, (inner[0], inner[1]));
    let (c, d) = apply(linear, (inner[2], inner[3]));
    let (e, f) = apply(outer, (inner[4], inner[5]));
    [a, b, c, d, e, f]
}

#[derive(Default)]
struct RuleReader {
    rules: Vec<Rule>,
    paths: usize,
}

impl RuleReader {
    fn read(&mut self, object: &PdfPageObject<'_>, outer: Matrix, depth: usize) {
        match object {
            PdfPageObject::Path(path) if self.paths < MAX_PATHS => {
                self.paths += 1;
                self.read_path(path, outer);
            }
            PdfPageObject::XObjectForm(form) if depth < MAX_FORM_DEPTH => {
                let inner = form.matrix().map_or(IDENTITY, |matrix| values(&matrix));
                for object in form.iter() {
                    self.read(&object, combine(inner, outer), depth + 1);
                }
            }
            _ => {}
        }
    }

    fn read_path(&mut self, path: &PdfPagePathObject<'_>, outer: Matrix) {
        let stroked = path.is_stroked().unwrap_or(false);
        let filled = !matches!(path.fill_mode(), Ok(PdfPathFillMode::None) | Err(_));
        let inner = path.matrix().map_or(IDENTITY, |matrix| values(&matrix));
        let matrix = combine(inner, outer);

        let mut outline: Vec<(f32, f32)> = Vec::new();
        for segment in path.segments().iter() {
            let (x, y) = segment.point();
            if segment.segment_type() == PdfPathSegmentType::MoveTo {
                self.add_outline(&outline, stroked, filled);
                outline.clear();
            }

            outline.push(apply(matrix, (x.value, y.value)));
            if segment.is_close() {
                outline.extend(outline.first().copied());
            }
        }
        self.add_outline(&outline, stroked, filled);
    }

    fn add_outline(&mut self, outline: &[(f32, f32)], stroked: bool, filled: bool) {
        let Some(bounds) = bounds(outline) else {
            return;
        };

        let thickness = (bounds.right - bounds.left).min(bounds.top - bounds.bottom);
        if thickness <= MAX_RULE_THICKNESS && (stroked || filled) {
            self.rules.push(bounds);
        } else if stroked {
            self.rules
                .extend(outline.windows(2).filter_map(straight_edge));
        }
    }
}

fn values(matrix: &PdfMatrix) -> Matrix {
    [
        matrix.a(),
        matrix.b(),
        matrix.c(),
        matrix.d(),
        matrix.e(),
        matrix.f(),
    ]
}

/// Returns the box around at least two points.
fn bounds(points: &[(f32, f32)]) -> Option<Rule> {
    let (first, rest) = points.split_first()?;
    let mut bounds = Rule {
        left: first.0,
        bottom: first.1,
        right: first.0,
        top: first.1,
    };
    for (x, y) in rest {
        bounds.left = bounds.left.min(*x);
        bounds.right = bounds.right.max(*x);
        bounds.bottom = bounds.bottom.min(*y);
        bounds.top = bounds.top.max(*y);
    }
    (!rest.is_empty()).then_some(bounds)
}

/// Returns an edge if it is horizontal or vertical.
fn straight_edge(edge: &[(f32, f32)]) -> Option<Rule> {
    let bounds = bounds(edge)?;
    let straight = bounds.right - bounds.left < 0.5 || bounds.top - bounds.bottom < 0.5;
    straight.then_some(bounds)
}

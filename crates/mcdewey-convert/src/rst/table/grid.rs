//! Reads grid tables, whose cells are drawn with `+`, `-` and `|`.

/// The size of the largest drawing that is read, in characters.
const MAX_DRAWING: usize = 2 * 1024 * 1024;

/// A drawing as lines of equal length, with its cells.
pub(super) struct Grid {
    drawing: Vec<Vec<char>>,
    pub(super) cells: Vec<Cell>,
    /// The line that separates the header from the body; zero if there is no header.
    header_end: usize,
}

/// The position of a cell's corners: lines and columns of the drawing.
pub(super) struct Cell {
    pub(super) top: usize,
    pub(super) left: usize,
    pub(super) bottom: usize,
    pub(super) right: usize,
}

impl Grid {
    /// Finds the cells of a drawing. Returns `None` if there are none or the drawing is too large.
    pub(super) fn parse(lines: &[String]) -> Option<Self> {
        let width = lines.iter().map(|line| line.chars().count()).max()?;
        if width.checked_mul(lines.len())? > MAX_DRAWING {
            return None;
        }

        let mut drawing: Vec<Vec<char>> = lines.iter().map(|line| line.chars().collect()).collect();
        let mut header_end = 0;
        for (at, line) in drawing.iter_mut().enumerate() {
            line.resize(width, ' ');

            if line.contains(&'=') && line.iter().all(|c| matches!(c, '=' | '+')) {
                header_end = at;
                for c in line.iter_mut().filter(|c| **c == '=') {
                    *c = '-';
                }
            }
        }

        let mut cells: Vec<Cell> = Vec::new();
        for top in 0..drawing.len() {
            for left in 0..width {
                if drawing[top][left] == '+' {
                    cells.extend(smallest_cell(&drawing, top, left));
                }
            }
        }

        (!cells.is_empty()).then_some(Self {
            drawing,
            cells,
            header_end,
        })
    }

    pub(super) fn is_in_header(&self, cell: &Cell) -> bool {
        cell.top < self.header_end
    }

    /// The text inside a cell's borders.
    pub(super) fn text(&self, cell: &Cell) -> Vec<String> {
        self.drawing[cell.top + 1..cell.bottom]
            .iter()
            .map(|line| {
                let text: String = line[cell.left + 1..cell.right].iter().collect();
                text.trim_end().to_owned()
            })
            .collect()
    }
}

/// The smallest cell with this upper left corner.
fn smallest_cell(drawing: &[Vec<char>], top: usize, left: usize) -> Option<Cell> {
    let width = drawing[top].len();
    for right in left + 1..width {
        match drawing[top][right] {
            '-' => continue,
            '+' => {}
            _ => return None,
        }

        for bottom in top + 1..drawing.len() {
            match drawing[bottom][right] {
                '|' => continue,
                '+' => {}
                _ => break,
            }

            let has_bottom = drawing[bottom][left] == '+'
                && drawing[bottom][left..=right]
                    .iter()
                    .all(|c| matches!(c, '-' | '+'));
            let has_left = drawing[top..=bottom]
                .iter()
                .all(|line| matches!(line[left], '|' | '+'));

            if has_bottom && has_left {
                return Some(Cell {
                    top,
                    left,
                    bottom,
                    right,
                });
            }
        }
    }

    None
}

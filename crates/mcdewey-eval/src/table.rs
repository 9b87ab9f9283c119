//! Plain-text tables: labels aligned left, numbers aligned right, two spaces between columns.

use std::fmt;

pub(crate) struct Table {
    /// The rows, the headings first.
    rows: Vec<Vec<String>>,
    /// The number of columns, from the left, that hold labels.
    label_columns: usize,
}

impl Table {
    /// Creates a table whose first `label_columns` columns are aligned left.
    pub(crate) fn new(headings: &[&str], label_columns: usize) -> Self {
        Self {
            rows: vec![headings.iter().map(|&heading| heading.to_owned()).collect()],
            label_columns,
        }
    }

    pub(crate) fn push(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Reports whether the table has only headings.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        (0..columns).map(|column| self.width(column)).collect()
    }

    fn width(&self, column: usize) -> usize {
        self.rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for row in &self.rows {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, &width))| {
                    if column < self.label_columns {
                        format!("{cell:<width$}")
                    } else {
                        format!("{cell:>width$}")
                    }
                })
                .collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }

        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_longest_cell() {
        let mut table = Table::new(&["set", "n"], 1);
        assert!(table.is_empty());
        table.push(vec!["größte".to_owned(), "10".to_owned()]);
        table.push(vec!["b".to_owned(), "9".to_owned()]);
        assert!(!table.is_empty());
        assert_eq!(table.to_string(), "set      n\ngrößte  10\nb        9\n");
    }
}

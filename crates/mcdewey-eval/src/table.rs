//! Aligned plain text: names to the left, figures to the right, two spaces between columns.

use std::fmt;

/// Rows under headings.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    /// How many columns, from the left, are names.
    names: usize,
}

impl Table {
    /// A table of these columns, the first `names` of them aligned to the left.
    pub(crate) fn new(headings: &[&str], names: usize) -> Self {
        Self {
            rows: vec![headings.iter().map(|&heading| heading.to_owned()).collect()],
            names,
        }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Whether there are only headings.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
        };

        (0..columns)
            .map(|column| width(column).unwrap_or(0))
            .collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for row in &self.rows {
            let align = |(column, cell): (usize, &String)| {
                let width = widths[column];
                if column < self.names {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            };

            let cells: Vec<String> = row.iter().enumerate().map(align).collect();
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

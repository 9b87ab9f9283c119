//! The syntax of PDF files.

use std::fmt::Write as _;

/// Writes the objects of a file, numbered from 1.
#[derive(Default)]
pub(super) struct FileWriter {
    bytes: Vec<u8>,
    offsets: Vec<usize>,
}

impl FileWriter {
    pub(super) fn object(&mut self, object: &str) {
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(b"%PDF-1.7\n");
        }
        self.offsets.push(self.bytes.len());
        let number = self.offsets.len();
        self.bytes
            .extend_from_slice(format!("{number} 0 obj\n{object}\nendobj\n").as_bytes());
    }

    pub(super) fn stream(&mut self, content: &str) {
        let length = content.len();
        self.object(&format!(
            "<< /Length {length} >>\nstream\n{content}\nendstream"
        ));
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let table_offset = self.bytes.len();
        let size = self.offsets.len() + 1;
        let mut table = format!("xref\n0 {size}\n0000000000 65535 f \n");
        for offset in &self.offsets {
            let _ = writeln!(table, "{offset:010} 00000 n ");
        }

        let _ = write!(
            table,
            "trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table_offset}\n%%EOF\n"
        );
        self.bytes.extend_from_slice(table.as_bytes());
        self.bytes
    }
}

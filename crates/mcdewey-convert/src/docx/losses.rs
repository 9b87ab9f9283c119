//! What a document holds that its Markdown does not, for warnings.

use crate::text::list;

/// Counts and names of what was left out.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// The programs of embedded files, such as `Excel.Sheet.12`.
    pub(super) objects: Vec<String>,
    /// Files whose text Word inserts, in the package or elsewhere.
    pub(super) inserted_files: Vec<String>,
    /// Parts of the package that could not be read.
    pub(super) damaged_parts: Vec<String>,
    pub(super) charts: usize,
    /// Equations in fields.
    pub(super) field_equations: usize,
    /// Pieces of hidden text.
    pub(super) hidden: usize,
    /// Characters that only their font draws.
    pub(super) symbols: usize,
}

impl Losses {
    /// Adds a name to a list of losses, once.
    pub(super) fn add(names: &mut Vec<String>, name: &str) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }

    /// Returns a warning for each kind of loss, and for notes that are referred to but missing.
    pub(super) fn warnings(&self, missing_notes: usize) -> Vec<String> {
        let named = self
            .named()
            .into_iter()
            .filter(|(names, _)| !names.is_empty())
            .map(|(names, what)| format!("{what}: {}", list(names)));
        let counted = self
            .counted(missing_notes)
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"));
        named.chain(counted).collect()
    }

    fn named(&self) -> [(&[String], &'static str); 3] {
        [
            (
                &self.objects,
                "embedded objects were left out; add their files to the library",
            ),
            (
                &self.inserted_files,
                "files that Word inserts when it opens the document were left out; open it in \
                 Word and save it again",
            ),
            (
                &self.damaged_parts,
                "parts of the file are damaged and were not read; open it in Word and save it \
                 again",
            ),
        ]
    }

    fn counted(&self, missing_notes: usize) -> [(usize, &'static str); 5] {
        [
            (
                self.charts,
                "charts were left out but for their titles; add a table of the values",
            ),
            (
                self.field_equations,
                "equations in EQ fields were left out; convert them to Word equations",
            ),
            (
                self.hidden,
                "pieces of hidden text were left out; show them in Word if readers need them",
            ),
            (
                missing_notes,
                "footnotes or endnotes are referred to but not in the file; open it in Word and \
                 save it again",
            ),
            (
                self.symbols,
                "symbols of special fonts were left out, which have no Unicode character; write \
                 them as text",
            ),
        ]
    }
}

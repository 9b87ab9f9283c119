//! A look at all documents of a root without taking them in: what an operator would want to mend. Reads every file and
//! changes nothing.

mod duplicates;

use mcdewey_core::{Convert, SkippedFile};
use serde::Serialize;

use crate::document::read_subject;
use crate::pairs::join_originals;
use crate::rules::Coverage;
use crate::walk::walk;
use crate::{IngestError, Root};

use duplicates::Paragraphs;
pub use duplicates::{Copied, Duplicates};

/// A document without pages that has more bytes of text is a giant: often a whole book beside its own chapters.
const GIANT: u64 = 1024 * 1024;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Survey {
    /// How well the rules fit.
    pub rules: Coverage,
    /// What is odd about the documents themselves.
    pub findings: Findings,
}

/// What is odd about documents.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Findings {
    /// Files that cannot become documents.
    pub unread: Vec<SkippedFile>,
    /// Long documents without pages.
    pub giants: Vec<Giant>,
    /// What was said while they were read: tables that align with nothing, broken headings, pages marked twice, …
    pub warnings: Vec<String>,
    /// What stands in the library more than once.
    pub duplicates: Duplicates,
}

/// A long document without pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Giant {
    /// Its path below the root.
    pub path: String,
    /// Bytes of text.
    pub bytes: u64,
}

/// Looks at all documents of a root. Blocks while it reads them.
pub fn survey(root: &Root, convert: Option<&dyn Convert>) -> Result<Survey, IngestError> {
    let rules = root.rule_set()?;
    let mut coverage = Coverage::new(&rules);
    let mut findings = Findings::default();
    let mut paragraphs = Paragraphs::default();
    let mut walk = walk(root)?;
    join_originals(&mut walk);
    findings.unread = walk.skipped;

    for file in walk.documents {
        let subject = match read_subject(&file, convert) {
            Ok(subject) => subject,
            Err(reason) => {
                findings.unread.push(SkippedFile {
                    path: file.source.to_string(),
                    reason,
                });
                continue;
            }
        };

        coverage.add(&file.path_in_root, &rules.assign(subject.subject(&file)));
        let parsed = subject.parsed();
        findings.warnings.extend(
            parsed
                .warnings
                .iter()
                .map(|warning| format!("{}: {warning}", file.source)),
        );

        let bytes = parsed
            .pages
            .iter()
            .map(|page| page.page.text.len() as u64)
            .sum();

        if !parsed.paged && bytes > GIANT {
            findings.giants.push(Giant {
                path: file.source.to_string(),
                bytes,
            });
        }

        paragraphs.add(
            file.source.as_str(),
            parsed.pages.iter().map(|page| page.page.text.as_str()),
        );
    }

    findings.unread.sort_by(|a, b| a.path.cmp(&b.path));
    findings
        .giants
        .sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    findings.duplicates = paragraphs.duplicates();

    Ok(Survey {
        rules: coverage,
        findings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_odd_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };

        write(
            "library.toml",
            "[[rule]]\ntitle = 'Finesse'\nset = { product = \"finesse\" }",
        );
        write("x/v12.5/g/a.md", "# Finesse, Release 15.0\n\ntext");
        write(
            "x/v12.5/g/b.md",
            "# Other\n\n<!-- page: 1 -->\nx\n<!-- page: 1 -->\ny",
        );
        write("c.md", "# Note\n\ntext");
        write("d.md", &format!("# Giant\n\n{}", "word ".repeat(300_000)));
        write("e.md", "\0");

        let survey = survey(
            &Root {
                path: folder.path().to_owned(),
                ..Root::default()
            },
            None,
        )
        .unwrap();

        let coverage = survey.rules;
        let counts: Vec<u64> = coverage.rules.iter().map(|rule| rule.documents).collect();
        assert_eq!(counts, [1, 1, 2]);
        assert_eq!(
            (
                coverage.documents,
                coverage.unversioned,
                coverage.without_product
            ),
            (4, 2, 2)
        );
        assert_eq!(coverage.disagreements[0].path, "x/v12.5/g/a.md");

        let Findings {
            unread,
            giants,
            warnings,
            ..
        } = survey.findings;

        assert!(
            unread.len() == 1 && unread[0].path == "e.md" && unread[0].reason.contains("zero"),
            "{unread:?}"
        );
        assert!(
            giants.len() == 1 && giants[0].path == "d.md" && giants[0].bytes > GIANT,
            "{giants:?}"
        );
        assert!(
            warnings.len() == 1 && warnings[0].starts_with("x/v12.5/g/b.md: page 1 is marked"),
            "{warnings:?}"
        );
    }
}

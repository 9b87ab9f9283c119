//! Checks all documents of a root for what an operator may want to fix. It parses every file but
//! neither embeds nor writes anything.

mod duplicates;

use mcdewey_core::{Convert, SkippedFile};
use serde::Serialize;

use crate::document::{read_and_parse, subject};
use crate::pairs::join_originals;
use crate::rules::Coverage;
use crate::walk::walk;
use crate::{IngestError, Root};

use duplicates::ParagraphIndex;
pub use duplicates::{CopiedDocument, Duplicates};

/// A document without pages counts as oversized above this number of bytes of text. It often is a
/// whole book whose chapters are in the library too.
const OVERSIZED: u64 = 1024 * 1024;

/// The result of a survey.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Survey {
    /// How well the rules fit the documents.
    pub rules: Coverage,
    /// Problems of the documents themselves.
    pub findings: Findings,
}

/// Problems of the documents of a root.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Findings {
    /// Files that cannot become documents.
    pub unread: Vec<SkippedFile>,
    /// Long documents without pages.
    pub giants: Vec<OversizedDocument>,
    /// Warnings of the parser: tables that align with nothing, broken headings, pages marked twice,
    /// and so on.
    pub warnings: Vec<String>,
    /// Text that the library contains more than once.
    pub duplicates: Duplicates,
}

/// A long document without pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OversizedDocument {
    /// Its source.
    pub path: String,
    /// Bytes of text.
    pub bytes: u64,
}

/// Surveys all documents of a root. Reads every file, so it blocks.
pub fn survey(root: &Root, convert: Option<&dyn Convert>) -> Result<Survey, IngestError> {
    let rules = root.rule_set()?;
    let mut coverage = Coverage::new(&rules);
    let mut findings = Findings::default();
    let mut paragraphs = ParagraphIndex::default();

    let mut walk = walk(root)?;
    join_originals(&mut walk);
    findings.unread = walk.skipped;

    for file in walk.documents {
        let path = file.source.as_str();
        let parsed = match read_and_parse(&file, convert) {
            Ok(parsed) => parsed,
            Err(reason) => {
                findings.unread.push(SkippedFile {
                    path: path.to_owned(),
                    reason,
                });
                continue;
            }
        };

        coverage.add(&file.path_in_root, &rules.assign(subject(&file, &parsed)));
        findings.warnings.extend(
            parsed
                .warnings
                .iter()
                .map(|warning| format!("{path}: {warning}")),
        );

        let texts = || parsed.pages.iter().map(|page| page.page.text.as_str());
        let bytes = texts().map(|text| text.len() as u64).sum();
        if !parsed.paged && bytes > OVERSIZED {
            findings.giants.push(OversizedDocument {
                path: path.to_owned(),
                bytes,
            });
        }

        paragraphs.add(path, texts());
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
    fn a_survey_reports_rules_and_problems() {
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
        write("x/7.3-blue-hat/c.md", "# Note\n\ntext");
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
        assert_eq!(counts, [1, 0, 1, 3, 0, 0, 0]);
        assert_eq!(
            (
                coverage.documents,
                coverage.unversioned,
                coverage.without_product
            ),
            (4, 2, 1)
        );
        assert_eq!(coverage.disagreements[0].path, "x/v12.5/g/a.md");
        assert_eq!(
            coverage.unrecognised_folders[0].folder, "x/7.3-blue-hat",
            "{:?}",
            coverage.unrecognised_folders
        );

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
            giants.len() == 1 && giants[0].path == "d.md" && giants[0].bytes > OVERSIZED,
            "{giants:?}"
        );
        assert!(
            warnings.len() == 1 && warnings[0].starts_with("x/v12.5/g/b.md: page 1 is marked"),
            "{warnings:?}"
        );
    }
}

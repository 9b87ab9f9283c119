//! Measures sets in BEIR format.

use std::path::Path;

use anyhow::{Result, ensure};
use mcdewey_core::LibraryDescription;

use super::{Evaluation, Measure, ranked_hits};
use crate::libraries::TestDocument;
use crate::{BeirDocument, BeirSet, ReportRow};

pub(super) async fn measure(measure: &Measure<'_>, folder: &Path) -> Result<Vec<ReportRow>> {
    let mut set = BeirSet::read(folder)?;
    measure.notify_all(&set.name, &set.notices);

    if measure.without_gold {
        set = set.without_gold();
        ensure!(
            !set.documents.is_empty(),
            "{}: no documents remain, because every document answers a question",
            set.name
        );
    }

    let test = measure
        .libraries
        .test_library(&set.name, to_documents(&set))
        .await?;

    Evaluation::new(&set.name, test.library.as_ref(), measure)
        .measure(&set.questions, &LibraryDescription::default(), |answer| {
            std::future::ready(Ok(ranked_hits(answer, |source| test.id(source))))
        })
        .await
}

/// Returns the documents of a set as Markdown.
pub(crate) fn to_documents(set: &BeirSet) -> Vec<TestDocument> {
    set.documents
        .iter()
        .map(|document| TestDocument {
            id: document.id.clone(),
            markdown: to_markdown(document),
        })
        .collect()
}

fn to_markdown(document: &BeirDocument) -> String {
    // A JSON string is also a valid YAML string.
    let title = serde_json::Value::from(document.title.as_str());
    format!("---\ntitle: {title}\n---\n\n{}\n", document.text)
}

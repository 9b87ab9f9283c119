//! Measures sets in BEIR format.

use std::path::Path;

use anyhow::{Result, ensure};
use mcdewey_core::LibraryDescription;
use mcdewey_eval::{BeirDocument, BeirSet, ReportRow};

use super::EvalOptions;
use super::evaluation::{Evaluation, ranked_hits};
use super::test_library::TestLibrary;
use crate::settings::Settings;

pub(super) async fn measure(
    settings: &Settings,
    options: &EvalOptions,
    folder: &Path,
) -> Result<Vec<ReportRow>> {
    let mut set = BeirSet::read(folder)?;
    for notice in &set.notices {
        eprintln!("{}: {notice}", set.name);
    }

    if options.without_gold {
        set = set.without_gold();
        ensure!(
            !set.documents.is_empty(),
            "{}: no documents remain, because every document answers a question",
            set.name
        );
    }

    let documents = set
        .documents
        .iter()
        .map(|document| (document.id.as_str(), to_markdown(document)));
    let library = TestLibrary::build(settings, options, &set.name, documents).await?;

    Evaluation::new(&set.name, &library.engine, options)
        .measure(&set.questions, &LibraryDescription::default(), |answer| {
            std::future::ready(Ok(ranked_hits(answer, |source| library.id(source))))
        })
        .await
}

pub(super) fn to_markdown(document: &BeirDocument) -> String {
    // A JSON string is also a valid YAML string.
    let title = serde_json::Value::from(document.title.as_str());
    format!("---\ntitle: {title}\n---\n\n{}\n", document.text)
}

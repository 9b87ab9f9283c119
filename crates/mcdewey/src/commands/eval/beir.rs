//! Sets in BEIR form.

use std::path::Path;

use anyhow::{Result, ensure};
use mcdewey_core::LibraryDescription;
use mcdewey_eval::{BeirDocument, BeirSet, Row};

use super::Plan;
use super::corpus::TestLibrary;
use super::trial::{Trial, ranked};
use crate::settings::Settings;

pub(super) async fn measure(settings: &Settings, plan: &Plan, folder: &Path) -> Result<Vec<Row>> {
    let mut set = BeirSet::read(folder)?;
    set.notices
        .iter()
        .for_each(|notice| eprintln!("{}: {notice}", set.name));

    if plan.without_gold {
        set = set.without_gold();
        ensure!(
            !set.documents.is_empty(),
            "{}: every document answers a question, nothing is left",
            set.name
        );
    }

    let documents = set
        .documents
        .iter()
        .map(|document| (document.id.as_str(), markdown(document)));
    let library = TestLibrary::build(settings, plan, &set.name, documents).await?;
    let description = LibraryDescription::default();
    let trial = Trial::new(&set.name, &library.engine, plan);
    let read = |answer| std::future::ready(Ok(ranked(answer, |source| library.id(source))));

    trial.measure(&set.questions, &description, read).await
}

pub(super) fn markdown(document: &BeirDocument) -> String {
    // A title in JSON's quotes is a title in YAML's.
    let title = serde_json::Value::from(document.title.as_str());
    format!("---\ntitle: {title}\n---\n\n{}\n", document.text)
}

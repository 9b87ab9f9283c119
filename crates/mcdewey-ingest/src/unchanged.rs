//! Recognises unchanged files without reading them, by the stamps of earlier runs.

use std::collections::HashMap;

use mcdewey_core::{FileStamp, SourcePath};

use crate::document::DocumentReader;
use crate::plan::Plan;
use crate::rules::RuleSet;

/// Takes the files out of a plan that are unchanged according to their stamps, and returns them.
/// Asks the file system about originals and images, so it blocks.
pub(crate) fn take_unchanged(
    plan: &mut Plan,
    rules: &RuleSet,
    reader: &DocumentReader,
    stamps: Vec<FileStamp>,
) -> Vec<SourcePath> {
    let stamps: HashMap<SourcePath, FileStamp> = stamps
        .into_iter()
        .map(|stamp| (stamp.source.clone(), stamp))
        .collect();

    let mut unchanged = Vec::new();
    plan.to_read.retain(|(file, indexed)| {
        let is_unchanged = indexed.is_some_and(|indexed| {
            indexed.same_folder
                && stamps.get(&file.source).is_some_and(|stamp| {
                    stamp.input == indexed.input && reader.is_unchanged(file, rules, stamp)
                })
        });

        if is_unchanged {
            unchanged.push(file.source.clone());
        }
        !is_unchanged
    });

    unchanged
}

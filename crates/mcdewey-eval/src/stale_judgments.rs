//! Finds stale judgments: those that recorded their chunk's hash and whose text has changed since.

use std::collections::BTreeMap;
use std::future::Future;

use mcdewey_core::{ContentHash, SourcePath};

use crate::{JudgmentSet, Location, RankedHit};

impl JudgmentSet {
    /// Returns a notice for each judgment with a location whose recorded hash no chunk there has
    /// any more.
    ///
    /// `chunks` returns the chunks of a document, each with the hash of its text. It is called once
    /// per document.
    pub async fn stale_judgments<'a, F, Fut, E>(&'a self, chunks: F) -> Result<Vec<String>, E>
    where
        F: Fn(&'a SourcePath) -> Fut,
        Fut: Future<Output = Result<Vec<(RankedHit, ContentHash)>, E>>,
    {
        let mut chunks_by_source: BTreeMap<&SourcePath, Vec<(RankedHit, ContentHash)>> =
            BTreeMap::new();
        let mut notices = Vec::new();
        for (line, judgment) in self.lines.iter().zip(&self.judgments) {
            let mut current = true;
            for location in &judgment.places {
                let Some(hash) = location.text_hash else {
                    continue;
                };

                let source = &location.source;
                if !chunks_by_source.contains_key(source) {
                    chunks_by_source.insert(source, chunks(source).await?);
                }

                current &= chunks_by_source[source]
                    .iter()
                    .any(|chunk| is_judged_chunk(location, hash, chunk));
            }

            if !current {
                notices.push(format!(
                    "judgment on line {line}: the passage has changed since it was judged"
                ));
            }
        }

        Ok(notices)
    }
}

fn is_judged_chunk(
    location: &Location,
    hash: ContentHash,
    (chunk, chunk_hash): &(RankedHit, ContentHash),
) -> bool {
    *chunk_hash == hash && location.contains(chunk)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn judgment(question: &str, page: u32, text: Option<&str>) -> String {
        let hash = text.map_or_else(String::new, |text| {
            format!(r#", "text_hash": "{}""#, ContentHash::of(text))
        });
        format!(r#"{{"q": "{question}", "source": "a.md", "page": {page}{hash}}}"#)
    }

    fn chunk(page: u32, text: &str) -> (RankedHit, ContentHash) {
        let hit = RankedHit {
            page: Some(page),
            ..RankedHit::document("a.md")
        };
        (hit, ContentHash::of(text))
    }

    #[tokio::test]
    async fn a_changed_or_moved_chunk_is_reported_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.jsonl");
        let lines = [
            judgment("unchanged", 1, Some("press reset")),
            String::new(),
            judgment("changed", 1, Some("press any key")),
            judgment("moved", 2, Some("press reset")),
            judgment("no hash recorded", 9, None),
        ];
        std::fs::write(&path, lines.join("\n")).unwrap();
        let set = JudgmentSet::read(&path).unwrap();

        let chunks = |_: &SourcePath| {
            std::future::ready(Ok::<_, Infallible>(vec![
                chunk(1, "press reset"),
                chunk(1, "hold it"),
                chunk(2, "let go"),
            ]))
        };

        let Ok(notices) = set.stale_judgments(chunks).await;
        let changed = "the passage has changed since it was judged";
        assert_eq!(
            notices,
            [
                format!("judgment on line 3: {changed}"),
                format!("judgment on line 4: {changed}")
            ]
        );
    }
}

//! Whether judged passages still stand: a judgment that noted its passage's hash says when the text has changed.

use std::collections::BTreeMap;
use std::future::Future;

use mcdewey_core::{ContentHash, SourcePath};

use crate::{JudgmentSet, Place, Ranked};

impl JudgmentSet {
    /// A notice for each judgment with a hash that no passage of the place it names has any more. `passages` gives the
    /// passages of a document, each with the hash of its text; it is asked once for each document.
    pub async fn changed<'a, F, Fut, E>(&'a self, passages: F) -> Result<Vec<String>, E>
    where
        F: Fn(&'a SourcePath) -> Fut,
        Fut: Future<Output = Result<Vec<(Ranked, ContentHash)>, E>>,
    {
        let mut known: BTreeMap<&SourcePath, Vec<(Ranked, ContentHash)>> = BTreeMap::new();
        let mut notices = Vec::new();
        for (line, judgment) in self.lines.iter().zip(&self.judgments) {
            let mut stands = true;
            for place in &judgment.places {
                let Some(hash) = place.text_hash else {
                    continue;
                };

                if !known.contains_key(&place.source) {
                    known.insert(&place.source, passages(&place.source).await?);
                }

                stands &= known[&place.source]
                    .iter()
                    .any(|passage| is_passage(place, hash, passage));
            }

            if !stands {
                notices.push(format!(
                    "judgment on line {line}: the passage has changed since it was judged"
                ));
            }
        }

        Ok(notices)
    }
}

fn is_passage(place: &Place, hash: ContentHash, (passage, found): &(Ranked, ContentHash)) -> bool {
    *found == hash && place.holds(passage)
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

    #[tokio::test]
    async fn a_passage_that_changed_or_moved_is_named_by_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.jsonl");
        let lines = [
            judgment("stands", 1, Some("press reset")),
            String::new(),
            judgment("changed", 1, Some("press any key")),
            judgment("moved", 2, Some("press reset")),
            judgment("never noted", 9, None),
        ];

        std::fs::write(&path, lines.join("\n")).unwrap();
        let set = JudgmentSet::read(&path).unwrap();
        let hit = |page, text| {
            (
                Ranked {
                    page: Some(page),
                    ..Ranked::document("a.md")
                },
                ContentHash::of(text),
            )
        };

        let passages = |_: &SourcePath| {
            std::future::ready(Ok::<_, Infallible>(vec![
                hit(1, "press reset"),
                hit(1, "hold it"),
                hit(2, "let go"),
            ]))
        };

        let changed = "the passage has changed since it was judged";
        let Ok(notices) = set.changed(passages).await;
        assert_eq!(
            notices,
            [
                format!("judgment on line 3: {changed}"),
                format!("judgment on line 4: {changed}")
            ]
        );
    }
}

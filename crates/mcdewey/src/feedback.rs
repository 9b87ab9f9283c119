//! What readers say of hits, as judgments in a file: `mcdewey eval` measures by it, people may edit it.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use mcdewey_core::SourcePath;
use mcdewey_eval::{Judgment, JudgmentSet, Place, QuestionFilter, Spot};
use mcdewey_query::{EndorsedSpot, Endorsement, KeepFeedback};

use crate::drafts;

/// The file's name in the data directory.
const FILE: &str = "feedback.jsonl";
/// What kind of question these are.
const KIND: &str = "feedback";
/// Most judgments that are kept; who has so many has a set of their own.
const MOST: usize = 10_000;

/// Keeps judgments in a file.
#[derive(Debug)]
pub(crate) struct FeedbackFile {
    path: PathBuf,
    /// Only one may write at a time.
    turn: Mutex<()>,
}

impl FeedbackFile {
    /// That of a data directory.
    pub(crate) fn of(data_dir: &Path) -> Self {
        Self::new(data_dir.join(FILE))
    }

    fn new(path: PathBuf) -> Self {
        Self {
            path,
            turn: Mutex::default(),
        }
    }

    /// Takes the places of these documents out of the judgments, and judgments away that have no other place. Every
    /// other line stays as it is, one that cannot be read too. Says how many judgments that concerned.
    pub(crate) fn forget(&self, sources: &[SourcePath]) -> Result<u64> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.sweep()?;
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("{} cannot be read", self.path.display()));
            }
        };

        let (mut left, mut changed) = (Vec::new(), 0);
        for line in text.lines() {
            match without(line, sources) {
                None => left.push(line.to_owned()),
                Some(rest) => {
                    changed += 1;
                    left.extend(rest.map(|judgment| judgment.to_string()));
                }
            }
        }

        if changed > 0 {
            write(&self.path, &left)?;
        }

        Ok(changed)
    }

    /// Takes away what killed writers left: copies of all judgments.
    pub(crate) fn sweep(&self) -> Result<()> {
        drafts::sweep(&self.path).with_context(|| {
            format!(
                "unfinished copies of {} cannot be removed",
                self.path.display()
            )
        })
    }

    fn add(&self, endorsement: &Endorsement) -> Result<()> {
        let mut judgments = read(&self.path)?;
        put(&mut judgments, endorsement);
        ensure!(
            judgments.len() <= MOST,
            "{} holds {MOST} judgments already",
            self.path.display()
        );

        write(&self.path, &judgments)
    }
}

impl KeepFeedback for FeedbackFile {
    fn keep(&self, endorsement: &Endorsement) -> Result<(), String> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.add(endorsement).map_err(|error| format!("{error:#}"))
    }
}

fn read(path: &Path) -> Result<Vec<Judgment>> {
    let is_empty = std::fs::metadata(path).map_or(true, |file| file.len() == 0);
    if is_empty {
        Ok(Vec::new())
    } else {
        Ok(JudgmentSet::read(path)?.judgments)
    }
}

/// What is left of a line without these documents; `None` when it does not name them as a place.
fn without(line: &str, sources: &[SourcePath]) -> Option<Option<Judgment>> {
    let mut judgment: Judgment = serde_json::from_str(line).ok()?;
    let before = judgment.places.len();
    judgment
        .places
        .retain(|place| !sources.contains(&place.source));
    (judgment.places.len() < before)
        .then(|| Some(judgment).filter(|judgment| !judgment.places.is_empty()))
}

/// A question that is known gets a further place, or the place its present words.
fn put(judgments: &mut Vec<Judgment>, endorsement: &Endorsement) {
    let Endorsement {
        question,
        vendor,
        product,
        version,
        guide,
        source,
        spot,
        text_hash,
    } = endorsement.clone();

    let spot = match spot {
        EndorsedSpot::Page(page) => Spot::Page(page),
        EndorsedSpot::Heading(heading) => Spot::Heading(heading),
    };

    let place = Place {
        source,
        spot,
        text_hash: Some(text_hash),
    };

    let filter = QuestionFilter {
        vendor,
        product,
        version,
        guide,
    };

    let same = judgments
        .iter_mut()
        .find(|known| known.question == question && known.filter == filter);

    let Some(known) = same else {
        judgments.push(Judgment {
            question,
            kind: KIND.to_owned(),
            places: vec![place],
            filter,
            split: None,
        });
        return;
    };

    match known
        .places
        .iter_mut()
        .find(|other| other.source == place.source && other.spot == place.spot)
    {
        Some(other) => other.text_hash = place.text_hash,
        None => known.places.push(place),
    }
}

/// Whole or not at all: a reader may come in between.
fn write(path: &Path, judgments: &[impl Display]) -> Result<()> {
    let text: String = judgments
        .iter()
        .map(|judgment| format!("{judgment}\n"))
        .collect();
    drafts::write(path, text.as_bytes())
        .with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use mcdewey_core::ContentHash;

    use super::*;

    fn endorsement(question: &str, page: u32) -> Endorsement {
        Endorsement {
            question: question.to_owned(),
            vendor: None,
            product: None,
            version: None,
            guide: None,
            source: "a/guide.md".parse().unwrap(),
            spot: EndorsedSpot::Page(page),
            text_hash: ContentHash::of("text"),
        }
    }

    fn kept(folder: &Path, said: &[Endorsement]) -> Vec<Judgment> {
        let file = FeedbackFile::new(folder.join("data").join(FILE));
        said.iter().for_each(|one| file.keep(one).unwrap());
        JudgmentSet::read(&folder.join("data").join(FILE))
            .unwrap()
            .judgments
    }

    #[test]
    fn a_question_gathers_its_places() {
        let folder = tempfile::tempdir().unwrap();
        let changed = Endorsement {
            text_hash: ContentHash::of("changed"),
            ..endorsement("barge", 118)
        };

        let heading = Endorsement {
            spot: EndorsedSpot::Heading("Cause".to_owned()),
            ..endorsement("no \"sound\"\nhere", 1)
        };

        let of_release = Endorsement {
            version: Some("12.5".to_owned()),
            ..endorsement("barge", 118)
        };

        let said = [
            endorsement("barge", 118),
            endorsement("barge", 119),
            changed,
            heading,
            of_release,
        ];

        let judgments = kept(folder.path(), &said);
        let read: Vec<_> = judgments
            .iter()
            .map(|one| (one.question.as_str(), one.places.len()))
            .collect();

        assert_eq!(
            read,
            [("barge", 2), ("no \"sound\"\nhere", 1), ("barge", 1)]
        );
        assert_eq!(
            judgments[0].places[0].text_hash,
            Some(ContentHash::of("changed"))
        );
        assert_eq!(
            judgments[1].places[0].spot,
            Spot::Heading("Cause".to_owned())
        );
        assert_eq!(
            (
                judgments[0].kind.as_str(),
                judgments[2].filter.version.as_deref()
            ),
            ("feedback", Some("12.5"))
        );
    }

    #[test]
    fn judgments_go_with_their_documents() {
        let folder = tempfile::tempdir().unwrap();
        let other = Endorsement {
            source: "b.md".parse().unwrap(),
            ..endorsement("both", 3)
        };
        let heading = EndorsedSpot::Heading("A secret heading".to_owned());

        let secret = Endorsement {
            spot: heading,
            ..endorsement("only there", 1)
        };

        let similar = Endorsement {
            source: "a/guide.md.md".parse().unwrap(),
            ..endorsement("similar", 1)
        };

        kept(
            folder.path(),
            &[endorsement("both", 2), other, secret, similar],
        );
        let path = folder.path().join("data").join(FILE);
        let mut text = std::fs::read_to_string(&path).unwrap();
        let own =
            "{\"q\":\"who won\", \"kind\": \"foreign\",   \"unanswerable\": true}\nnot JSON\n";
        text.push_str(own);
        std::fs::write(&path, &text).unwrap();
        let file = FeedbackFile::new(path.clone());
        let draft = path.with_file_name("feedback.jsonl.a1B2c3.draft");
        std::fs::write(&draft, &text).unwrap();
        assert_eq!(file.forget(&["a/guide.md".parse().unwrap()]).unwrap(), 2);
        assert!(!draft.exists(), "left by a killed writer");
        let left = std::fs::read_to_string(&path).unwrap();

        assert!(
            !left.contains("a/guide.md\"")
                && !left.contains("secret")
                && !left.contains("only there"),
            "{left}"
        );
        assert!(
            left.contains("b.md") && left.contains("a/guide.md.md") && left.ends_with(own),
            "{left}"
        );
        assert_eq!(file.forget(&["a/guide.md".parse().unwrap()]).unwrap(), 0);
        let none = FeedbackFile::new(folder.path().join("none"));
        assert_eq!(none.forget(&["a/guide.md".parse().unwrap()]).unwrap(), 0);
        assert!(!folder.path().join("none").exists());
    }

    #[test]
    fn what_people_wrote_into_the_file_stays_and_a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").join(FILE);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "").unwrap();
        assert_eq!(kept(folder.path(), &[endorsement("barge", 1)]).len(), 1);
        let own = "{\"q\": \"who won\", \"kind\": \"foreign\", \"unanswerable\": true}\n";
        std::fs::write(&path, own).unwrap();
        assert_eq!(kept(folder.path(), &[endorsement("barge", 1)]).len(), 2);
        assert!(std::fs::read_to_string(&path).unwrap().starts_with(own));
        std::fs::write(&path, "{").unwrap();

        let error = FeedbackFile::new(path.clone())
            .keep(&endorsement("barge", 1))
            .unwrap_err();
        assert!(error.contains("feedback.jsonl:1"), "{error}");
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "{",
            "and nothing is lost"
        );
    }
}

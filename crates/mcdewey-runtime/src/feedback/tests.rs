//! The judgments in `feedback.jsonl`: collected, edited by hand, removed with their documents.

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
        spot: EndorsedLocation::Page(page),
        text_hash: ContentHash::of("text"),
    }
}

fn keep_all(folder: &Path, endorsements: &[Endorsement]) -> Vec<Judgment> {
    let file = FeedbackFile::new(folder.join("data").join(FILE));
    endorsements
        .iter()
        .for_each(|endorsement| file.keep(endorsement).unwrap());
    JudgmentSet::read(&folder.join("data").join(FILE))
        .unwrap()
        .judgments
}

#[test]
fn locations_of_the_same_question_are_collected() {
    let folder = tempfile::tempdir().unwrap();
    let changed = Endorsement {
        text_hash: ContentHash::of("changed"),
        ..endorsement("barge", 118)
    };

    let heading = Endorsement {
        spot: EndorsedLocation::Heading("Cause".to_owned()),
        ..endorsement("no \"sound\"\nhere", 1)
    };

    let with_version = Endorsement {
        version: Some("12.5".to_owned()),
        ..endorsement("barge", 118)
    };

    let endorsements = [
        endorsement("barge", 118),
        endorsement("barge", 119),
        changed,
        heading,
        with_version,
    ];

    let judgments = keep_all(folder.path(), &endorsements);
    let counts: Vec<_> = judgments
        .iter()
        .map(|judgment| (judgment.question.as_str(), judgment.places.len()))
        .collect();

    assert_eq!(
        counts,
        [("barge", 2), ("no \"sound\"\nhere", 1), ("barge", 1)]
    );
    assert_eq!(
        judgments[0].places[0].text_hash,
        Some(ContentHash::of("changed"))
    );
    assert_eq!(
        judgments[1].places[0].anchor,
        Anchor::Heading("Cause".to_owned())
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
fn judgments_of_removed_documents_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let other = Endorsement {
        source: "b.md".parse().unwrap(),
        ..endorsement("both", 3)
    };
    let heading = EndorsedLocation::Heading("A secret heading".to_owned());

    let secret = Endorsement {
        spot: heading,
        ..endorsement("only there", 1)
    };

    let similar = Endorsement {
        source: "a/guide.md.md".parse().unwrap(),
        ..endorsement("similar", 1)
    };

    keep_all(
        folder.path(),
        &[endorsement("both", 2), other, secret, similar],
    );
    let path = folder.path().join("data").join(FILE);
    let mut text = std::fs::read_to_string(&path).unwrap();
    let own_lines =
        "{\"q\":\"who won\", \"kind\": \"foreign\",   \"unanswerable\": true}\nnot JSON\n";
    text.push_str(own_lines);
    std::fs::write(&path, &text).unwrap();
    let file = FeedbackFile::new(path.clone());
    let abandoned = path.with_file_name("feedback.jsonl.a1B2c3.draft");
    std::fs::write(&abandoned, &text).unwrap();
    assert_eq!(file.forget(&["a/guide.md".parse().unwrap()]).unwrap(), 2);
    assert!(!abandoned.exists(), "left by a killed writer");
    let text = std::fs::read_to_string(&path).unwrap();

    assert!(
        !text.contains("a/guide.md\"") && !text.contains("secret") && !text.contains("only there"),
        "{text}"
    );
    assert!(
        text.contains("b.md") && text.contains("a/guide.md.md") && text.ends_with(own_lines),
        "{text}"
    );
    assert_eq!(file.forget(&["a/guide.md".parse().unwrap()]).unwrap(), 0);
    let none = FeedbackFile::new(folder.path().join("none"));
    assert_eq!(none.forget(&["a/guide.md".parse().unwrap()]).unwrap(), 0);
    assert!(!folder.path().join("none").exists());
}

#[test]
fn manual_edits_are_kept_and_errors_name_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join(FILE);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "").unwrap();
    assert_eq!(keep_all(folder.path(), &[endorsement("barge", 1)]).len(), 1);
    let own_lines = "{\"q\": \"who won\", \"kind\": \"foreign\", \"unanswerable\": true}\n";
    std::fs::write(&path, own_lines).unwrap();
    assert_eq!(keep_all(folder.path(), &[endorsement("barge", 1)]).len(), 2);
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .starts_with(own_lines)
    );
    std::fs::write(&path, "{").unwrap();

    let error = FeedbackFile::new(path.clone())
        .keep(&endorsement("barge", 1))
        .unwrap_err();
    assert!(error.contains("feedback.jsonl:1"), "{error}");
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "{",
        "nothing is lost"
    );
}

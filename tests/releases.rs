//! Questions that name a release: they are answered from that release, what another release has is
//! said, and the library's own list answers which there are.

use serde_json::Value;

use crate::support::{mcdewey, succeed};

/// A library of two releases of a pump's error codes and one of its manual, which has no release.
struct Pump {
    folder: tempfile::TempDir,
}

impl Pump {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let corpus = folder.path().join("corpus");
        std::fs::create_dir(&corpus).unwrap();
        for (name, text) in [
            (
                "pumpd errors 3.2.1.md",
                "# Errors\n\n## PUMP_DRY\n\nThe pump stops after it has run dry for 20 seconds.\n",
            ),
            (
                "pumpd errors 3.3.0.md",
                "# Errors\n\n## PUMP_DRY\n\nThe pump stops after it has run dry for 12 seconds.\n\n\
                 ## PUMP_VALVE_STUCK\n\nThe valve has not moved for five seconds. See PUMP_WET.\n",
            ),
            (
                "wiring.md",
                "# Wiring\n\nThe pump is wired to the terminals 1 and 2. TLS 1.2 is used.\n\n\
                 PUMP_WET is for both.\n",
            ),
        ] {
            std::fs::write(corpus.join(name), text).unwrap();
        }

        let pump = Self { folder };
        pump.run(&["ingest"]);
        pump
    }

    fn run(&self, arguments: &[&str]) -> String {
        succeed(
            mcdewey(&self.folder.path().join("data"))
                .arg("--corpus")
                .arg(self.folder.path().join("corpus"))
                .args(arguments),
        )
    }

    fn ask(&self, arguments: &[&str]) -> Value {
        let arguments = [&["search", "--json"], arguments].concat();
        serde_json::from_str(&self.run(&arguments)).unwrap()
    }
}

fn versions(answer: &Value) -> Vec<&str> {
    let hits = answer["hits"].as_array().unwrap();
    hits.iter()
        .map(|hit| hit["version"].as_str().unwrap_or("-"))
        .collect()
}

#[test]
fn the_release_of_the_question_is_searched() {
    let pump = Pump::new();

    for arguments in [
        &["--version", "3.2.1", "PUMP_DRY"][..],
        &["how long may the pump run dry in version 3.2.1"],
        &["PUMP_DRY in pumpd 3.2.1"],
    ] {
        let answer = pump.ask(arguments);
        assert!(!versions(&answer).is_empty(), "{answer}");
        assert!(
            versions(&answer).iter().all(|version| *version == "3.2.1"),
            "{answer}"
        );
        assert!(
            answer["hits"][0]["text"]
                .as_str()
                .unwrap()
                .contains("20 seconds"),
            "{answer}"
        );
        assert_eq!(answer["no_answer"], Value::Null, "{answer}");
        let is_asked = arguments.len() == 1;
        assert_eq!(answer["release"].is_object(), is_asked, "{answer}");
    }

    // It can be let go.
    let all = pump.ask(&["--version", "any", "PUMP_DRY in pumpd 3.2.1"]);
    assert!(versions(&all).contains(&"3.3.0"), "{all}");
    assert_eq!(all["release"], Value::Null, "{all}");

    // A version of something else limits nothing.
    let other = pump.ask(&["is TLS 1.2 used by the pump"]);
    assert_eq!(other["release"], Value::Null, "{other}");
    assert_eq!(versions(&other)[0], "-", "{other}");

    let text = pump.run(&["search", "how long may the pump run dry in version 3.2.1"]);
    assert!(
        text.contains("note: Only 3.2.1, which the question names"),
        "{text}"
    );
}

#[test]
fn a_name_of_another_release_is_said_to_be_of_it() {
    let pump = Pump::new();

    let answer = pump.ask(&["PUMP_VALVE_STUCK in pumpd 3.2.1"]);
    assert!(
        versions(&answer).iter().all(|version| *version == "3.2.1"),
        "{answer}"
    );
    let message = answer["no_answer"]["message"].as_str().unwrap();
    assert_eq!(message, "PUMP_VALVE_STUCK is not in 3.2.1, only in 3.3.0");
    // The name of the program stands in the names of the files only.
    assert!(
        !answer["notices"].to_string().contains("pumped"),
        "{answer}"
    );
    assert_eq!(answer["name_releases"][0]["first"], "3.3.0");
    assert_eq!(answer["name_releases"][0]["in_asked_release"], false);

    // What has no release may be about any.
    let anywhere = pump.ask(&["PUMP_WET in pumpd 3.2.1"]);
    let message = anywhere["no_answer"]["message"]
        .as_str()
        .unwrap_or_default();
    assert!(!message.contains("only in"), "{anywhere}");
    assert_eq!(anywhere["name_releases"][0]["in_asked_release"], true);

    // A question for a name is told where it begins.
    let name = pump.ask(&["what does PUMP_VALVE_STUCK mean"]);
    let notices = name["notices"].to_string();
    assert!(
        notices.contains("PUMP_VALVE_STUCK is first in 3.3.0"),
        "{notices}"
    );
    for question in ["PUMP_DRY", "why does the pump say PUMP_VALVE_STUCK"] {
        assert_eq!(pump.ask(&[question])["notices"], Value::Null, "{question}");
    }

    let since = pump.ask(&["since which version is there PUMP_VALVE_STUCK"]);
    assert_eq!(since["no_answer"], Value::Null, "{since}");
    let notices = since["notices"].to_string();
    assert!(
        notices.contains("PUMP_VALVE_STUCK is first in 3.3.0"),
        "{notices}"
    );
}

#[test]
fn the_list_of_releases_answers_which_there_are() {
    let pump = Pump::new();
    for (question, expected) in [
        (
            "Is there a 5.3.4?",
            "there is no 5.3.4 in this library; all releases: 3.2.1, 3.3.0",
        ),
        (
            "newest?",
            "the newest release in this library is 3.3.0; all releases: 3.2.1, 3.3.0",
        ),
    ] {
        let answer = pump.ask(&[question]);
        assert_eq!(answer["no_answer"], Value::Null, "{answer}");
        assert_eq!(answer["notices"][0], expected, "{answer}");
    }
}

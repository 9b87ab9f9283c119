//! Tests of questions about releases.

use super::*;
use crate::question::analysis::analyse;
use crate::testing::{sample_view, view_of};

fn answer(question: &str, view: &LibraryView) -> Option<Vec<String>> {
    answer_about_releases(question, view, &analyse(question, view, None))
}

#[test]
fn questions_about_the_list_are_answered_from_it() {
    let view = view_of(&[("relayd", "7.2"), ("relayd", "7.3"), ("relayd", "5.3.3")]);
    for (question, expected) in [
        (
            "Is there a 5.3.4?",
            "there is no relayd 5.3.4 in this library; all releases: 5.3.3, 7.2, 7.3",
        ),
        (
            "Do you have relayd version 7.2?",
            "relayd 7.2 is in this library; all releases: 5.3.3, 7.2, 7.3",
        ),
        (
            "is there a relayd 8?",
            "there is no relayd 8 in this library; all releases: 5.3.3, 7.2, 7.3",
        ),
        (
            "newest?",
            "the newest release in this library is relayd 7.3; all releases: 5.3.3, 7.2, 7.3",
        ),
        (
            "What is the oldest release of relayd?",
            "the oldest release in this library is relayd 5.3.3; all releases: 5.3.3, 7.2, 7.3",
        ),
        (
            "which versions of relayd are documented",
            "the newest release in this library is relayd 7.3; all releases: 5.3.3, 7.2, 7.3",
        ),
    ] {
        assert_eq!(
            answer(question, &view),
            Some(vec![expected.to_owned()]),
            "{question}"
        );
    }

    let newest = answer("newest release of CCX", &sample_view()).unwrap();
    assert_eq!(newest.len(), 2, "{newest:?}");
}

#[test]
fn other_questions_are_not_about_the_list() {
    let view = view_of(&[("relayd", "7.2"), ("relayd", "7.3")]);
    for question in [
        "idle timeout of relayd 7.3",
        "relayd",
        "what is new in the newest release notes",
        "which version of TLS is supported",
        "latest firmware of the box",
        "ERR_RELAYD_104",
        "relayd-104",
        "5.3.4",
        "",
    ] {
        assert_eq!(answer(question, &view), None, "{question}");
    }
}

#[test]
fn questions_for_the_first_release_are_recognised() {
    for question in [
        "since which version is there PUMP_DRY",
        "Since when does relayd have keepalive_probe?",
        "In which release was SEND_DTMF added?",
        "when was max.poll.records introduced",
        "which version introduced --fast",
        "first version with qos_mode",
    ] {
        assert!(asks_since(question), "{question}");
    }

    for question in [
        "what is the idle timeout",
        "which port is used",
        "version of the protocol",
        "when is the log rotated",
    ] {
        assert!(!asks_since(question), "{question}");
    }
}

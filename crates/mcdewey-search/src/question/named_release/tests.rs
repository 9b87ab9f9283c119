//! Tests of the release that a question names.

use super::*;
use crate::question::versions::mentions;
use crate::testing::{sample_view, view_of};

fn release(question: &str, view: &LibraryView, products: &[&str]) -> Option<NamedRelease> {
    let products: Vec<String> = products.iter().map(|id| (*id).to_owned()).collect();
    named_release(question, &mentions(question, view), view, &products)
}

fn keys(question: &str, view: &LibraryView) -> Vec<String> {
    let found = release(question, view, &[]);
    let terms = found.map(|release| release.terms).unwrap_or_default();
    terms
        .iter()
        .map(|term| format!("{} {}", term.product.as_deref().unwrap_or("-"), term.key))
        .collect()
}

#[test]
fn a_release_beside_a_name_or_a_word_for_it_is_named() {
    let view = view_of(&[
        ("relayd", "7.2"),
        ("relayd", "7.3"),
        ("relayd", "21.7.3"),
        ("box", "12.5(1) SU3"),
        ("asterisk", "18"),
        ("box", "1.2"),
    ]);

    for (question, expected) in [
        ("idle timeout of relayd 7.3", &["relayd 7.3"][..]),
        ("What is the idle timeout in version 7.3?", &["relayd 7.3"]),
        ("idle timeout version 7.3", &["relayd 7.3"]),
        ("idle timeout in release v7.3", &["relayd 7.3"]),
        ("idle timeout (relayd 7.3)", &["relayd 7.3"]),
        ("relayd v7.3 idle timeout", &["relayd 7.3"]),
        ("7.3: idle timeout", &["relayd 7.3"]),
        ("what is the idle timeout in 7.3?", &["relayd 7.3"]),
        ("idle timeout 21.7.3", &["relayd 21.7.3"]),
        ("idle timeout of relayd 21", &["relayd 21.7.3"]),
        ("idle timeout of relayd version 21.7", &["relayd 21.7.3"]),
        ("login in 12.5(1) SU3", &["box 12.5.1su3"]),
        ("dialplan of Asterisk 18", &["asterisk 18"]),
        ("dialplan in version 18", &["asterisk 18"]),
        ("asterisk-18 dialplan", &["asterisk 18"]),
        ("compare relayd 7.2 and 7.3", &["relayd 7.2", "relayd 7.3"]),
        (
            "upgrade from 7.2 to version 7.3",
            &["relayd 7.2", "relayd 7.3"],
        ),
        ("relayd 7.3 update the routes", &["relayd 7.3"]),
        ("upgrade relayd 7.2 to 7.3", &["relayd 7.2", "relayd 7.3"]),
        ("TLS 1.2 in relayd 7.3", &["relayd 7.3"]),
    ] {
        assert_eq!(keys(question, &view), expected, "{question}");
    }
}

#[test]
fn other_numbers_name_no_release() {
    let view = view_of(&[
        ("relayd", "7.2"),
        ("relayd", "7.3"),
        ("relayd", "1.2"),
        ("relayd", "3"),
        ("asterisk", "18"),
    ]);

    for question in [
        "is TLS 1.2 supported",
        "does it need TLS version 1.2",
        "does it need java version 18",
        "does it need OpenWidget version 1.2",
        "is OpenWidget 1.2 supported",
        "set the timeout to 7.3 seconds",
        "wait for 7.3 s",
        "ring 18 times",
        "relayd 3 servers",
        "chapter 7.3",
        "what changed since version 7.2",
        "upgrade from version 7.2",
        "relayd 7.2 or later",
        "relayd 7.2+",
        "versions before 7.3",
        "relayd newer than 7.2",
        "timeout 7.3",
        "relayd 9.9",
        "idle timeout",
        "",
    ] {
        assert_eq!(keys(question, &view), Vec::<String>::new(), "{question}");
    }
}

#[test]
fn a_name_in_a_title_is_as_good_as_a_product() {
    let mut view = view_of(&[("p", "3.2"), ("p", "3.3")]);
    for document in &mut view.documents {
        let mut meta = (*document.meta).clone();
        meta.title = "Pumpd errors".to_owned();
        document.meta = meta.into();
    }

    assert_eq!(keys("PUMP_STUCK pumpd 3.2", &view), ["p 3.2"]);
    assert_eq!(keys("PUMP_STUCK Pumpd 3.2", &view), ["p 3.2"]);
    assert_eq!(keys("PUMP_STUCK motord 3.2", &view), Vec::<String>::new());
}

#[test]
fn the_release_is_taken_out_of_what_is_searched() {
    let view = view_of(&[("relayd", "7.2"), ("relayd", "7.3"), ("asterisk", "18")]);
    for (question, rest) in [
        ("idle timeout of relayd 7.3", "idle timeout of relayd"),
        (
            "What is the idle timeout in version 7.3?",
            "What is the idle timeout?",
        ),
        (
            "in version 7.3, what is the timeout?",
            ", what is the timeout?",
        ),
        ("idle timeout (version 7.3)", "idle timeout"),
        ("upgrade relayd 7.2 to 7.3", "upgrade relayd"),
        ("asterisk-18 dialplan", "asterisk- dialplan"),
        ("relayd 7.3", "relayd"),
        ("in version 7.3", "in version 7.3"),
    ] {
        let found = release(question, &view, &[]).unwrap();
        assert_eq!(found.rest, rest, "{question}");
    }
}

#[test]
fn a_release_counts_for_the_products_that_are_named() {
    let view = sample_view();
    let found = |question: &str, products: &[&str]| {
        let found = release(question, &view, products);
        let terms = found.map(|release| release.terms).unwrap_or_default();
        terms
            .iter()
            .map(|term| format!("{} {}", term.product.as_deref().unwrap(), term.key))
            .collect::<Vec<_>>()
    };

    assert_eq!(
        found("Finesse 12.5 sign in", &["finesse"]),
        ["finesse 12.5"]
    );
    assert_eq!(
        found("sign in to CCX 12.5", &["uccx", "finesse"]),
        ["finesse 12.5", "uccx 12.5.1"]
    );
    // The other product is asked about in any release.
    assert_eq!(
        found("Unified Express 12.5(1) with Finesse", &["uccx", "finesse"]),
        ["uccx 12.5.1", "finesse 12.5", "finesse 15"]
    );
}

#[test]
fn a_more_precise_release_than_the_library_has_is_said_to_be_one() {
    let found = release("Finesse 12.5(1) SU2 login", &sample_view(), &["finesse"]).unwrap();
    assert!(found.is_less_precise, "{found:?}");
    assert_eq!(found.found, ["Cisco Finesse v12.5"]);
    assert_eq!(found.requested, ["12.5(1) SU2"]);

    let view = view_of(&[("box", "12.5(1)")]);
    let found = release("login of box 12.5(1) SU2", &view, &[]).unwrap();
    assert!(found.is_less_precise, "{found:?}");
    assert_eq!(
        (found.found, found.rest.as_str()),
        (vec!["box 12.5(1)".to_owned()], "login of box")
    );

    // A library of whole releases has the minor ones in these.
    let view = view_of(&[("box", "22"), ("box", "23")]);
    let found = release("login of box 23.1", &view, &[]).unwrap();
    assert!(found.is_less_precise, "{found:?}");
    assert_eq!(found.found, ["box 23"]);
    assert_eq!(release("login of box 24.1", &view, &[]), None);
}

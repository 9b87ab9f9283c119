//! Versions as documents spell them and as users filter by them: parsing, order, ranges, `latest`.

use super::{VersionKey, VersionScheme, VersionSelector};

fn cisco() -> VersionScheme {
    VersionScheme::new(&[r"^(\d\d)(\d)(\d)?$"]).unwrap()
}

fn kafka() -> VersionScheme {
    VersionScheme::new(&[r"^(0)(\d\d)(\d)$", r"^(\d)(\d)$"]).unwrap()
}

#[test]
fn spellings_of_one_version_have_one_key() {
    let scheme = cisco();
    for text in [
        "1251su3",
        "12_5_1_su3",
        "12.5(1) SU3",
        "Release 12.5(1)SU3",
        "v12.5.1-su3",
        "12.5.1.0 SU 3",
    ] {
        assert_eq!(scheme.key(text).unwrap().to_string(), "12.5.1su3", "{text}");
    }

    for text in ["v15.0", "15", "150", "Release 15.0"] {
        assert_eq!(scheme.key(text).unwrap().to_string(), "15", "{text}");
    }
}

#[test]
fn prefixes_and_synonyms_do_not_change_a_version() {
    let scheme = VersionScheme::default();
    for (spellings, key) in [
        (&["FW1.23", "1.23", "fw 1.23", "v1.23"][..], "1.23"),
        (&["R12.1SP2", "12.1 sp2", "12.1 Service Pack 2"], "12.1sp2"),
        (&["ONTAP-9.14.1", "9.14.1", "ontap_9_14_1"], "9.14.1"),
        (&["7.2u3", "7.2 Update 3"], "7.2u3"),
        (&["v2.0.0-rc.1", "2.0 Release Candidate 1"], "2rc1"),
        (&["IOS-XE-17.9.4a", "17.9.4a"], "17.9.4a"),
        (&["20.04-LTS", "20.04"], "20.4"),
        (&["2.x", "2"], "2"),
        (&["1.0.0+build5", "1.0.0+5"], "1build5"),
    ] {
        for text in spellings {
            assert_eq!(scheme.key(text).unwrap().to_string(), key, "{text}");
        }
    }
}

#[test]
fn labels_are_what_people_see() {
    for (scheme, text, label) in [
        (kafka(), "38", "3.8"),
        (kafka(), "kafka-38", "3.8"),
        (kafka(), "0110", "0.11.0"),
        (kafka(), "4.0", "4.0"),
        (cisco(), "1251su3", "12.5.1su3"),
        (cisco(), "2025-11-25", "2025-11-25"),
        (VersionScheme::default(), "38", "38"),
        (VersionScheme::default(), "12_5_1_su3", "12.5.1 su3"),
        (VersionScheme::default(), "rel_7_2", "7.2"),
        (VersionScheme::default(), "ONTAP-9.14.1", "9.14.1"),
        (VersionScheme::default(), "FW1.23", "FW1.23"),
        (VersionScheme::default(), "v12.5", "v12.5"),
        (VersionScheme::default(), "current", "current"),
    ] {
        assert_eq!(scheme.version(text).unwrap().label, label, "{text}");
    }
}

#[test]
fn keys_round_trip_through_text() {
    for text in [
        "12.5.1su3",
        "3.9",
        "2025.11.25",
        "1.2rc1",
        "current",
        "3.7es",
        "1.0su1-es2",
        "10.5su2-p3",
        "FW1.23",
        "21.4R3-S5",
        "1.0.0+build5",
        "15.2(7)E3",
    ] {
        let key: VersionKey = text.parse().unwrap();
        assert_eq!(
            key.to_string().parse::<VersionKey>().unwrap(),
            key,
            "{text}"
        );
    }
}

fn check_ascending(scheme: &VersionScheme, texts: &[&str]) {
    for pair in texts.windows(2) {
        assert!(
            scheme.key(pair[0]).unwrap() < scheme.key(pair[1]).unwrap(),
            "{pair:?}"
        );
    }
}

#[test]
fn versions_are_ordered() {
    check_ascending(
        &kafka(),
        &["0100", "0110", "0.11.1", "36", "39", "4.0", "current"],
    );

    check_ascending(
        &cisco(),
        &[
            "9.1",
            "12.0",
            "12.5-rc1",
            "12.5-rc2",
            "12.5",
            "12.5 SU1",
            "12.5(1)",
            "12.5(1) SU3",
            "12.5(1) SU10",
            "15.0",
        ],
    );

    check_ascending(
        &VersionScheme::default(),
        &["2024-11-05", "2025-03-26", "2025-11-25"],
    );

    check_ascending(
        &VersionScheme::default(),
        &["17.9.4a1", "17.9.4b2", "17.9.4", "17.9.4a", "FW17.9.5"],
    );
}

#[test]
fn a_title_may_name_several_versions() {
    let labels: Vec<String> = cisco()
        .versions("12.5(1) and 12.5(2)")
        .unwrap()
        .into_iter()
        .map(|version| version.label)
        .collect();

    assert_eq!(labels, ["12.5(1)", "12.5(2)"]);
    assert_eq!(cisco().versions("12.5, v12.5").unwrap().len(), 1);
    assert_eq!(cisco().versions("12.5 + 15.0").unwrap().len(), 2);
    assert_eq!(cisco().versions("1.0.0+build5").unwrap().len(), 1);
}

#[test]
fn selectors_choose_among_known_versions() {
    let scheme = cisco();
    let known = scheme
        .versions("11.6, 12.0, 12.5(1), 12.5(1) SU3, 15.0")
        .unwrap();

    let check = |text: &str, expected: &[&str]| {
        let selector = VersionSelector::parse(text, &scheme).unwrap();
        let selected: Vec<&str> = selector
            .select(&known)
            .iter()
            .map(|version| version.label.as_str())
            .collect();

        assert_eq!(selected, expected, "{text}");
    };

    check("latest", &["15.0"]);
    check("v15", &["15.0"]);
    check("12.5", &[]);
    check("12.5.*", &["12.5(1)", "12.5(1) SU3"]);
    check("15.0.*", &["15.0"]);
    check("12.0.*", &["12.0"]);
    check("15.*", &["15.0"]);
    check("12.0..12.5(1)", &["12.0", "12.5(1)"]);
    check(">=12.0 <15", &["12.0", "12.5(1)", "12.5(1) SU3"]);
    check("11.6, 150", &["11.6", "15.0"]);
    check("..12.0", &["11.6", "12.0"]);
    check(">12.5(1)", &["12.5(1) SU3", "15.0"]);
}

#[test]
fn a_version_selects_its_builds() {
    let scheme = VersionScheme::default();
    let known = scheme.versions("1.0.0+build5, 1.0.1, 2.0").unwrap();
    let count = |text: &str| {
        let selector = VersionSelector::parse(text, &scheme).unwrap();
        selector.select(&known).len()
    };

    assert_eq!(count("1.0.0"), 1);
    assert_eq!(count("1.0.0+build5"), 1);
    assert_eq!(count("1.0.0+build6"), 0);
    assert_eq!(count("1.0.1"), 1);
}

#[test]
fn invalid_versions_are_rejected() {
    for bad in ["", "  ", "--", "v", "99999999999999999999999"] {
        assert!(cisco().key(bad).is_err(), "{bad:?}");
    }

    for bad in ["", ",", ">=", "()", "12.5(1) SU3.*"] {
        assert!(VersionSelector::parse(bad, &cisco()).is_err(), "{bad:?}");
    }

    assert!(VersionScheme::new(&["("]).is_err());
}

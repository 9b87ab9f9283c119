//! Which settings let a server start, and what is reported about its access control.

use std::path::Path;

use super::*;
use crate::settings::OidcSettings;

const LOOPBACK: &str = "127.0.0.1:8080";
const REACHABLE: &str = "0.0.0.0:80";

fn settings(folder: &Path) -> AccessSettings {
    AccessSettings::in_data_dir(&folder.join("data"))
}

/// The settings of an operator who names this keys file.
fn with_keys_file(folder: &Path, keys_file: &str) -> AccessSettings {
    AccessSettings {
        keys_file: folder.join(keys_file),
        is_keys_file_configured: true,
        ..settings(folder)
    }
}

fn exposure(listen: &str) -> Exposure<'static> {
    Exposure {
        listen: listen.parse().unwrap(),
        public_url: None,
        allowed_hosts: &[],
    }
}

fn start_error(settings: &AccessSettings, listen: &str) -> Option<String> {
    policy(settings, &exposure(listen), FeedbackPolicy::default())
        .and_then(|(_, watcher)| watcher.start())
        .err()
        .map(|error| error.to_string())
}

fn new_key() -> keys::NewKey {
    keys::NewKey {
        name: "portal".to_owned(),
        ..keys::NewKey::default()
    }
}

#[test]
fn a_reachable_server_needs_keys_or_explicit_anonymous_access() {
    let folder = tempfile::tempdir().unwrap();
    let plain = settings(folder.path());
    let error = start_error(&plain, REACHABLE).unwrap();
    assert!(
        error.contains("mcdewey keys create") && error.contains("--allow-anonymous"),
        "{error}"
    );
    assert_eq!(start_error(&plain, LOOPBACK), None, "loopback");

    let anonymous = AccessSettings {
        allow_anonymous: true,
        ..plain.clone()
    };
    assert_eq!(start_error(&anonymous, REACHABLE), None);
    assert!(
        start_error(&plain, REACHABLE).is_some(),
        "the setting applied to one start only"
    );

    let oidc: OidcSettings =
        toml::from_str("issuer = 'https://login.example.com'\naudience = 'mcdewey'").unwrap();
    let with_issuer = AccessSettings {
        oidc: Some(oidc),
        ..plain.clone()
    };
    assert_eq!(start_error(&with_issuer, REACHABLE), None);
    assert_eq!(
        start_error(&plain, REACHABLE),
        None,
        "it starts, and rejects everyone"
    );

    let folder = tempfile::tempdir().unwrap();
    let with_key = settings(folder.path());
    keys::create(&with_key.keys_file, new_key()).unwrap();
    assert_eq!(start_error(&with_key, REACHABLE), None);
}

#[test]
fn a_library_with_a_public_name_is_not_personal() {
    let name = "docs.example.com".to_owned();
    let personal = exposure(LOOPBACK);
    assert!(personal.is_personal());
    assert!(!exposure(REACHABLE).is_personal());

    let with_url = Exposure {
        public_url: Some("https://docs.example.com"),
        ..personal
    };
    assert!(!with_url.is_personal());

    let with_host = Exposure {
        allowed_hosts: std::slice::from_ref(&name),
        ..personal
    };
    assert!(!with_host.is_personal());
}

#[test]
fn the_summary_reports_the_state_of_access() {
    let folder = tempfile::tempdir().unwrap();
    let plain = settings(folder.path());
    let summary_at =
        |settings: &AccessSettings, listen: &str| summary(settings, listen.parse().unwrap());
    let summary_of = |settings: &AccessSettings| summary_at(settings, LOOPBACK).unwrap();

    assert!(!summary_of(&plain).keys_required);
    assert!(summary_at(&plain, REACHABLE).unwrap().keys_required);
    assert!(
        summary_of(&with_keys_file(folder.path(), "no-such-file")).keys_required,
        "configuring a keys file requires keys"
    );

    keys::create(&plain.keys_file, new_key()).unwrap();
    let with_key = summary_of(&plain);
    assert_eq!((with_key.valid_keys, with_key.keys_required), (1, true));

    keys::revoke(&plain.keys_file, "portal").unwrap();
    let without_key = summary_of(&plain);
    assert_eq!(
        (without_key.valid_keys, without_key.keys_required),
        (0, true)
    );

    let anonymous = AccessSettings {
        allow_anonymous: true,
        ..plain.clone()
    };
    assert!(summary_of(&anonymous).allow_anonymous);

    KeyRequirement::from_settings(&plain)
        .record_opened(|| Ok::<_, AccessError>(()))
        .unwrap();
    let opened = summary_of(&plain);
    assert!(!opened.keys_required && opened.opened.is_some());
}

#[test]
fn a_broken_key_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("keys.toml"), "key = 7").unwrap();
    let settings = with_keys_file(folder.path(), "keys.toml");

    assert!(
        start_error(&settings, LOOPBACK)
            .unwrap()
            .contains("keys.toml")
    );
}

//! Which settings let a server start, and what is reported about its access control.

use std::path::Path;

use super::*;
use crate::cli::SettingFlags;

fn settings(folder: &Path, file: &str) -> Settings {
    let path = folder.join("mcdewey.toml");
    std::fs::write(&path, file).unwrap();
    let data_dir = Some(folder.join("data"));

    Settings::resolve(SettingFlags {
        config: Some(path),
        data_dir,
        ..SettingFlags::default()
    })
    .unwrap()
}

fn start_error(folder: &Path, file: &str) -> Option<String> {
    policy(&settings(folder, file))
        .and_then(|(_, watcher)| watcher.start())
        .err()
        .map(|error| error.to_string())
}

#[test]
fn a_reachable_server_needs_keys_or_explicit_anonymous_access() {
    let folder = tempfile::tempdir().unwrap();
    let error = start_error(folder.path(), "listen = '0.0.0.0:80'").unwrap();
    assert!(
        error.contains("mcdewey keys create") && error.contains("--allow-anonymous"),
        "{error}"
    );
    assert_eq!(start_error(folder.path(), ""), None, "loopback");
    assert_eq!(
        start_error(
            folder.path(),
            "listen = '0.0.0.0:80'\nallow_anonymous = true"
        ),
        None
    );
    assert!(
        start_error(folder.path(), "listen = '0.0.0.0:80'").is_some(),
        "the setting applied to one start only"
    );
    let issuer =
        "listen = '0.0.0.0:80'\n[oidc]\nissuer = 'https://login.example.com'\naudience = 'mcdewey'";
    assert_eq!(start_error(folder.path(), issuer), None);
    assert_eq!(
        start_error(folder.path(), "listen = '0.0.0.0:80'"),
        None,
        "it starts, and rejects everyone"
    );

    let folder = tempfile::tempdir().unwrap();
    let new = keys::NewKey {
        name: "portal".to_owned(),
        ..keys::NewKey::default()
    };
    keys::create(&settings(folder.path(), "").access.keys_file, new).unwrap();
    assert_eq!(start_error(folder.path(), "listen = '0.0.0.0:80'"), None);
}

#[test]
fn a_library_with_a_public_name_is_not_personal() {
    let folder = tempfile::tempdir().unwrap();
    for (file, expected) in [
        ("", true),
        ("listen = '0.0.0.0:80'", false),
        ("public_url = 'https://docs.example.com'", false),
        ("allowed_hosts = ['docs.example.com']", false),
    ] {
        assert_eq!(
            is_personal(&settings(folder.path(), file)),
            expected,
            "{file}"
        );
    }
}

#[test]
fn the_summary_reports_the_state_of_access() {
    let folder = tempfile::tempdir().unwrap();
    let summary_of = |file: &str| summary(&settings(folder.path(), file)).unwrap();
    assert!(!summary_of("").keys_required && summary_of("listen = '0.0.0.0:80'").keys_required);
    assert!(
        summary_of("keys_file = 'no-such-file'").keys_required,
        "configuring a keys file requires keys"
    );
    let keys_file = settings(folder.path(), "").access.keys_file;

    let new = keys::NewKey {
        name: "portal".to_owned(),
        ..keys::NewKey::default()
    };
    keys::create(&keys_file, new).unwrap();
    assert_eq!(
        (summary_of("").valid_keys, summary_of("").keys_required),
        (1, true)
    );
    keys::revoke(&keys_file, "portal").unwrap();
    assert_eq!(
        (summary_of("").valid_keys, summary_of("").keys_required),
        (0, true)
    );
    assert!(summary_of("allow_anonymous = true").allow_anonymous);

    KeyRequirement::from_settings(&settings(folder.path(), "").access)
        .record_opened(|| Ok(()))
        .unwrap();
    assert!(!summary_of("").keys_required && summary_of("").opened.is_some());
}

#[test]
fn a_broken_key_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("keys.toml"), "key = 7").unwrap();
    let keys = format!(
        "keys_file = '{}'",
        folder.path().join("keys.toml").display()
    );

    assert!(
        start_error(folder.path(), &keys)
            .unwrap()
            .contains("keys.toml")
    );
}

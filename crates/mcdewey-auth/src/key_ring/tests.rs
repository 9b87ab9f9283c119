//! Keys files that change, break or disappear while a server runs.

use super::*;
use crate::keys::NewKey;
use crate::settings::AccessSettings;

/// Opens the keys of a data directory as a server does.
fn start_key_ring(data_dir: &Path, shared_key: Option<&str>) -> KeyRing {
    let settings = AccessSettings::in_data_dir(data_dir);
    let requirement = KeyRequirement::from_settings(&settings);
    let key_ring = KeyRing::open(
        settings.keys_file,
        shared_key.map(str::to_owned),
        None,
        requirement,
    )
    .unwrap();

    key_ring.start_watching().unwrap();
    key_ring
}

/// Moves the time at which the file became unreadable into the past.
fn age_failure(key_ring: &KeyRing, by: Duration) {
    let mut file = key_ring.watched.file.lock().unwrap();
    file.unreadable_since = file
        .unreadable_since
        .map(|since| since.checked_sub(by).unwrap());
}

fn create(path: &Path) -> String {
    keys::create(
        path,
        NewKey {
            name: "portal".to_owned(),
            ..NewKey::default()
        },
    )
    .unwrap()
    .1
}

#[tokio::test]
async fn keys_are_added_and_removed_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let key_ring = start_key_ring(folder.path(), None);
    assert!(!key_ring.required());
    let secret = create(&path);
    key_ring.watched.refresh();
    assert!(key_ring.caller(&secret).await.unwrap().is_some() && key_ring.required());
    assert_eq!(key_ring.caller("mcd_wrong").await.unwrap(), None);
    keys::revoke(&path, "portal").unwrap();
    key_ring.watched.refresh();
    assert_eq!(key_ring.caller(&secret).await.unwrap(), None);
    assert!(key_ring.required() && !key_ring.has_valid_credentials());
}

#[tokio::test]
async fn the_keys_of_an_unreadable_file_stay_valid_for_a_minute_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let secret = create(&path);
    let key_ring = start_key_ring(folder.path(), None);
    let is_accepted = async || key_ring.caller(&secret).await.unwrap().is_some();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, "key = 7").unwrap();
    key_ring.watched.refresh();
    assert!(
        is_accepted().await && key_ring.required(),
        "someone may be editing the file"
    );

    age_failure(&key_ring, GRACE_PERIOD / 2);
    key_ring.watched.refresh();
    assert!(is_accepted().await);
    age_failure(&key_ring, GRACE_PERIOD / 2);
    key_ring.watched.refresh();

    assert!(
        !is_accepted().await && key_ring.required(),
        "one of its keys may have been revoked"
    );
    std::fs::write(&path, text).unwrap();
    key_ring.watched.refresh();
    assert!(is_accepted().await, "the file is readable again");
}

#[tokio::test]
async fn an_unreadable_file_is_reloaded_once_it_is_readable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let secret = create(&path);
    let key_ring = start_key_ring(folder.path(), None);

    // Not even root can read a folder as a file.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    key_ring.watched.refresh();
    assert!(
        key_ring
            .watched
            .file
            .lock()
            .unwrap()
            .unreadable_since
            .is_some()
    );
    std::fs::remove_dir(&path).unwrap();
    std::fs::write(&path, "").unwrap();
    key_ring.watched.refresh();
    assert_eq!(key_ring.caller(&secret).await.unwrap(), None);
    assert!(
        key_ring
            .watched
            .file
            .lock()
            .unwrap()
            .unreadable_since
            .is_none()
    );
}

#[tokio::test]
async fn a_replacement_with_the_same_length_and_time_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let secret = create(&path);
    let key_ring = start_key_ring(folder.path(), None);
    let text = std::fs::read_to_string(&path).unwrap();
    let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
    let hash = keys::hash_key(&secret);
    let other = folder.path().join("other.toml");
    std::fs::write(&other, text.replace(&hash, &keys::hash_key("another"))).unwrap();

    std::fs::File::options()
        .write(true)
        .open(&other)
        .unwrap()
        .set_modified(modified)
        .unwrap();

    std::fs::rename(&other, &path).unwrap();
    key_ring.watched.refresh();
    assert_eq!(key_ring.caller(&secret).await.unwrap(), None);
    assert!(key_ring.caller("another").await.unwrap().is_some());
}

#[test]
fn opening_alone_records_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let settings = AccessSettings::in_data_dir(folder.path());
    let requirement = KeyRequirement::from_settings(&settings);
    let key_ring = KeyRing::open(
        settings.keys_file,
        Some("let me in".to_owned()),
        None,
        requirement,
    )
    .unwrap();

    assert!(key_ring.required() && !settings.state_file.exists());
    key_ring.start_watching().unwrap();
    assert!(settings.state_file.exists());
}

#[tokio::test]
async fn a_shared_key_grants_reading() {
    let folder = tempfile::tempdir().unwrap();
    let key_ring = start_key_ring(folder.path(), Some("let me in"));
    assert_eq!(
        key_ring
            .caller("let me in")
            .await
            .unwrap()
            .map(|caller| caller.role),
        Some(Role::Read)
    );
    assert_eq!(key_ring.caller("let me").await.unwrap(), None);
    drop(key_ring);

    assert!(
        start_key_ring(folder.path(), None).required(),
        "removing the setting does not lift the requirement"
    );
}

/// Removes the keys from a file in some way.
type KeyLoss = fn(&Path);

/// Ways in which a running server may lose its keys.
const KEY_LOSSES: [(&str, KeyLoss); 5] = [
    ("emptied", |path| std::fs::write(path, "").unwrap()),
    ("without keys", |path| {
        std::fs::write(path, "# none\n").unwrap()
    }),
    ("deleted", |path| std::fs::remove_file(path).unwrap()),
    ("moved", |path| {
        std::fs::rename(path, path.with_extension("old")).unwrap()
    }),
    ("revoked", |path| {
        drop(keys::revoke(path, "portal").unwrap())
    }),
];

#[test]
fn keys_stay_required_when_they_are_lost_and_after_a_restart() {
    for (what, lose) in KEY_LOSSES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        create(&path);
        let running = start_key_ring(folder.path(), None);
        lose(&path);
        running.watched.refresh();
        assert!(running.required(), "{what}");
        std::fs::remove_file(folder.path().join("access-state.toml")).unwrap();
        running.watched.refresh();
        assert!(running.required(), "{what}, and the record deleted");
        drop(running);
        let _ = std::fs::remove_file(&path);
        let restarted = start_key_ring(folder.path(), None);
        assert!(restarted.required(), "{what}, and restarted");
        std::fs::remove_file(folder.path().join("access-state.toml")).unwrap();
        restarted.watched.refresh();

        assert!(
            restarted.required(),
            "{what}, restarted, and the record deleted"
        );
    }
}

#[test]
fn keys_lost_while_no_server_ran_stay_required() {
    for (what, lose) in KEY_LOSSES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        create(&path);
        drop(start_key_ring(folder.path(), None));
        lose(&path);
        assert!(start_key_ring(folder.path(), None).required(), "{what}");
    }
}

#[test]
fn only_an_explicit_command_opens_a_running_server_until_the_next_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    create(&path);
    let key_ring = start_key_ring(folder.path(), None);
    keys::revoke(&path, "portal").unwrap();
    key_ring.watched.refresh();
    key_ring
        .watched
        .requirement
        .record_opened(|| Ok::<_, RequirementError>(()))
        .unwrap();
    key_ring.watched.refresh();
    assert!(!key_ring.required());
    create(&path);
    key_ring.watched.refresh();
    assert!(key_ring.required());
    std::fs::remove_file(&path).unwrap();
    key_ring.watched.refresh();

    assert!(key_ring.required(), "the opening was superseded by a key");
}

#[test]
fn expired_keys_grant_nothing_and_stay_required() {
    let folder = tempfile::tempdir().unwrap();
    let expires = Some(Timestamp::from_second(1_000).unwrap());
    let new = NewKey {
        name: "old".to_owned(),
        expires,
        ..NewKey::default()
    };

    keys::create(&folder.path().join("keys.toml"), new).unwrap();
    let key_ring = start_key_ring(folder.path(), None);
    assert!(key_ring.required() && !key_ring.has_valid_credentials());
}

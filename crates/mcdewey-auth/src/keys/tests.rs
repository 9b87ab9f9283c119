//! The keys file: creating and revoking keys, expiry, concurrent changes.

use super::*;

fn new(name: &str) -> NewKey {
    NewKey {
        name: name.to_owned(),
        ..NewKey::default()
    }
}

#[test]
fn only_the_hash_of_a_key_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/keys.toml");
    let (entry, secret) = create(
        &path,
        NewKey {
            products: vec!["finesse".to_owned()],
            ..new("portal")
        },
    )
    .unwrap();

    assert!(
        secret.starts_with(&format!("mcd_{}_", entry.id)) && secret.len() == 4 + 8 + 1 + 64,
        "{secret}"
    );
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        !written.contains(&secret) && !written.contains(&secret[13..]),
        "{written}"
    );
    assert_eq!(read(&path).unwrap(), std::slice::from_ref(&entry));
    assert!(entry.matches_hash(&hash_key(&secret)) && !entry.matches_hash(&hash_key("other")));

    let only = Visibility::Only {
        vendors: Vec::new(),
        products: vec!["finesse".to_owned()],
    };
    assert_eq!(entry.caller().visibility, only);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o077,
            0
        );
    }
}

#[test]
fn revoking_removes_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let (first, _) = create(&path, new("a")).unwrap();
    create(&path, new("b")).unwrap();
    assert_eq!(revoke(&path, &first.id).unwrap(), first);
    assert_eq!(read(&path).unwrap().len(), 1);
    assert!(
        revoke(&path, "a")
            .unwrap_err()
            .to_string()
            .contains("known: b")
    );
    assert!(
        create(&path, new("b"))
            .unwrap_err()
            .to_string()
            .contains("already")
    );

    revoke(&path, "b").unwrap();
    assert_eq!(read(&path).unwrap(), []);
    assert!(path.exists(), "the empty file shows that there were keys");
}

#[test]
fn invalid_keys_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let admin = NewKey {
        role: Role::Admin,
        products: vec!["x".to_owned()],
        ..new("a")
    };

    assert!(
        create(&path, admin)
            .unwrap_err()
            .to_string()
            .contains("admin")
    );
    assert!(create(&path, new(" ")).is_err() && create(&path, new("a\nb")).is_err());
    for name in ["anonymous", "owner", "nobody", "shared key", "token ann"] {
        assert!(
            create(&path, new(name))
                .unwrap_err()
                .to_string()
                .contains("another name"),
            "{name}"
        );
    }

    assert!(!path.exists());
}

#[test]
fn a_key_is_invalid_from_its_expiry() {
    let folder = tempfile::tempdir().unwrap();
    let expires = Timestamp::from_second(1_000).unwrap();
    let path = folder.path().join("keys.toml");

    let (entry, _) = create(
        &path,
        NewKey {
            expires: Some(expires),
            ..new("a")
        },
    )
    .unwrap();

    assert!(entry.is_valid(Timestamp::from_second(999).unwrap()) && !entry.is_valid(expires));
}

#[test]
fn concurrent_changes_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    create(&path, new("first")).unwrap();

    std::thread::scope(|scope| {
        for number in 0..8 {
            let path = &path;
            scope.spawn(move || create(path, new(&format!("k{number}"))).unwrap());
        }
        scope.spawn(|| revoke(&path, "first").unwrap());
    });

    let mut names: Vec<String> = read(&path)
        .unwrap()
        .into_iter()
        .map(|entry| entry.name)
        .collect();

    names.sort();
    assert_eq!(
        names,
        (0..8)
            .map(|number| format!("k{number}"))
            .collect::<Vec<_>>()
    );
}

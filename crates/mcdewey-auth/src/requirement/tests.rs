//! From when on keys are required, and what lifts that again.

use super::*;

/// A requirement without a keys file in the settings.
fn unconfigured(folder: &Path) -> KeyRequirement {
    KeyRequirement {
        record_path: folder.join("data").join(FILE),
        configured_keys_file: None,
        keys_file: folder.join("keys.toml"),
    }
}

/// A check that every opening passes.
fn always() -> Result<(), RequirementError> {
    Ok(())
}

/// A check that no opening passes.
fn never() -> Result<(), RequirementError> {
    Err(RequirementError::Write {
        path: PathBuf::new(),
        source: io::ErrorKind::Other.into(),
    })
}

/// A requirement whose keys file is in the settings.
fn configured(folder: &Path) -> KeyRequirement {
    let requirement = unconfigured(folder);
    KeyRequirement {
        configured_keys_file: Some(requirement.keys_file.clone()),
        ..requirement
    }
}

#[test]
fn keys_are_required_from_the_first_sign_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let requirement = unconfigured(folder.path());
    assert_eq!(
        requirement.status(false, &mut RequirementHistory::default()),
        RequirementStatus::NeverRequired
    );
    let mut history = RequirementHistory::default();

    assert_eq!(
        requirement.status(true, &mut history),
        RequirementStatus::Required,
        "there is a key"
    );
    assert_eq!(
        requirement.status(false, &mut history),
        RequirementStatus::Required,
        "there was a key at the last check"
    );
    assert_eq!(
        configured(folder.path()).status(false, &mut RequirementHistory::default()),
        RequirementStatus::Required,
        "a keys file is configured"
    );

    std::fs::write(&requirement.keys_file, "").unwrap();
    assert_eq!(
        requirement.status(false, &mut RequirementHistory::default()),
        RequirementStatus::Required,
        "an empty file once had keys"
    );

    std::fs::remove_file(&requirement.keys_file).unwrap();
    assert_eq!(
        requirement.status(false, &mut RequirementHistory::default()),
        RequirementStatus::NeverRequired
    );
    requirement.record_required().unwrap();

    assert_eq!(
        requirement.status(false, &mut RequirementHistory::default()),
        RequirementStatus::Required,
        "it is recorded"
    );

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (
                mode(&requirement.record_path),
                mode(requirement.record_path.parent().unwrap())
            ),
            (0o600, 0o700)
        );
    }
}

#[test]
#[cfg(unix)]
fn a_dangling_link_counts_as_a_keys_file() {
    let folder = tempfile::tempdir().unwrap();
    let requirement = unconfigured(folder.path());
    std::os::unix::fs::symlink("nowhere", &requirement.keys_file).unwrap();

    assert_eq!(
        requirement.status(false, &mut RequirementHistory::default()),
        RequirementStatus::Required
    );
}

#[test]
fn only_an_explicit_command_lifts_the_requirement_and_a_later_key_restores_it() {
    let folder = tempfile::tempdir().unwrap();
    let requirement = unconfigured(folder.path());
    let mut history = RequirementHistory::default();
    assert_eq!(
        requirement.status(true, &mut history),
        RequirementStatus::Required
    );
    requirement.record_required().unwrap();
    requirement.record_opened(always).unwrap();

    assert!(matches!(
        requirement.status(false, &mut RequirementHistory::default()),
        RequirementStatus::Opened(_)
    ));
    assert!(matches!(
        requirement.status(false, &mut history),
        RequirementStatus::Opened(_)
    ));
    let other = configured(folder.path()).status(false, &mut RequirementHistory::default());
    assert_eq!(other, RequirementStatus::Required, "another file");
    assert_eq!(
        requirement.status(true, &mut history),
        RequirementStatus::Required
    );
    assert_eq!(
        requirement.status(false, &mut history),
        RequirementStatus::Required,
        "a key was created since"
    );

    requirement.record_opened(always).unwrap();
    assert!(
        matches!(
            requirement.status(false, &mut history),
            RequirementStatus::Opened(_)
        ),
        "opened again"
    );
    requirement.record_required().unwrap();
    assert_eq!(
        requirement.status(false, &mut history),
        RequirementStatus::Required
    );
    std::fs::remove_file(&requirement.record_path).unwrap();

    assert_eq!(
        requirement.status(false, &mut history),
        RequirementStatus::Required,
        "the process remembers"
    );
}

#[test]
fn temporary_files_of_killed_writers_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let requirement = unconfigured(folder.path());
    requirement.record_required().unwrap();

    let abandoned = [
        requirement
            .record_path
            .with_file_name("access-state.toml.a1.draft"),
        folder.path().join("keys.toml.a1.draft"),
    ];
    abandoned
        .iter()
        .for_each(|path| std::fs::write(path, "x").unwrap());
    requirement.remove_abandoned_files();
    assert!(abandoned.iter().all(|path| !path.exists()) && requirement.record_path.exists());
}

#[test]
fn an_unreadable_record_means_that_keys_are_required() {
    let folder = tempfile::tempdir().unwrap();
    let requirement = unconfigured(folder.path());
    for broken in [
        "",
        "keys_required = false",
        "keys_required = 'no'",
        "nonsense",
    ] {
        atomic_file::write(&requirement.record_path, broken.as_bytes()).unwrap();
        assert_eq!(
            requirement.status(false, &mut RequirementHistory::default()),
            RequirementStatus::Required,
            "{broken:?}"
        );
    }

    std::fs::remove_file(&requirement.record_path).unwrap();
    std::fs::create_dir(&requirement.record_path).unwrap();
    assert_eq!(
        requirement.status(false, &mut RequirementHistory::default()),
        RequirementStatus::Required,
        "a folder"
    );
}

#[test]
fn a_record_is_written_only_while_keys_are_required() {
    let folder = tempfile::tempdir().unwrap();
    let requirement = unconfigured(folder.path());
    requirement.record_opened(always).unwrap();

    // There are keys at the first check and none at the second, under the lock.
    let checks = std::cell::Cell::new(0);
    let has_keys = || checks.replace(checks.get() + 1) == 0;
    let (status, recorded) = requirement.update(has_keys, &mut RequirementHistory::default());

    assert!(
        matches!(status, RequirementStatus::Opened(_)) && recorded.is_ok(),
        "{status:?}"
    );
    assert!(requirement.is_opened(), "the opening was overwritten");
    let mut history = RequirementHistory::default();
    assert_eq!(
        requirement.update(|| true, &mut history).0,
        RequirementStatus::Required
    );
    assert!(!requirement.is_opened());
    let rejected = requirement.record_opened(never);

    assert!(rejected.is_err() && !requirement.is_opened());
}

#[cfg(unix)]
#[test]
fn a_shortage_of_file_descriptors_is_waited_out() {
    use std::cell::Cell;

    let shortage = || io::Error::from(rustix::io::Errno::MFILE);
    let attempts = Cell::new(0);
    let passes = with_file_descriptors(|| {
        attempts.set(attempts.get() + 1);
        if attempts.get() < 3 {
            Err(shortage())
        } else {
            Ok(())
        }
    });
    assert!(passes.is_ok());
    assert_eq!(attempts.get(), 3);

    assert!(with_file_descriptors(|| Err::<(), _>(shortage())).is_err());

    attempts.set(0);
    let denied = with_file_descriptors(|| {
        attempts.set(attempts.get() + 1);
        Err::<(), _>(io::Error::from(io::ErrorKind::PermissionDenied))
    });
    assert!(denied.is_err());
    assert_eq!(attempts.get(), 1);
}

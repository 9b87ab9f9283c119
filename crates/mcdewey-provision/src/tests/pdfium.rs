//! PDFium comes from the same places as the model.

use super::*;

#[test]
fn it_is_downloaded_once_and_then_found() {
    let env = TestEnv::new();
    let settings = env.pdfium_settings();
    assert_eq!(find_pdfium_in(&env.catalogue, &settings).unwrap(), None);
    assert!(env.pip_calls().is_empty());

    let library = env.provision_pdfium(&settings).unwrap();
    let folder = format!("pdf-1-{}-{}", consts::OS, consts::ARCH);
    assert_eq!(library, env.cache_path(&folder).join("libpdfium.so"));
    assert_eq!(fs::read_to_string(&library).unwrap(), PDFIUM);

    let calls = env.pip_calls();
    assert_eq!(calls.len(), 1, "neither model nor runtime: {calls:?}");
    assert!(calls[0].contains("--platform any_1_0"), "{}", calls[0]);

    env.set_python_script("exit 1");
    assert_eq!(env.provision_pdfium(&settings).unwrap(), library);
    assert_eq!(
        find_pdfium_in(&env.catalogue, &settings).unwrap(),
        Some(library)
    );
}

#[test]
fn a_damaged_library_is_replaced() {
    let env = TestEnv::new();
    let settings = env.pdfium_settings();
    let library = env.provision_pdfium(&settings).unwrap();

    fs::write(&library, "PDF").unwrap();
    assert_eq!(find_pdfium_in(&env.catalogue, &settings).unwrap(), None);
    env.provision_pdfium(&settings).unwrap();
    assert_eq!(fs::read_to_string(&library).unwrap(), PDFIUM);
}

#[test]
fn the_operators_library_is_used_in_place() {
    let env = TestEnv::new();
    let library = env.dir.path().join("mine.so");
    let settings = PdfiumSettings {
        library: Some(library.clone()),
        ..env.pdfium_settings()
    };

    let error = env.provision_pdfium(&settings).unwrap_err();
    assert!(matches!(error, ProvisionError::NoLibrary { .. }));
    let message = error.to_string();
    assert!(
        message.contains("no PDFium library") && message.contains("PDFIUM_LIBRARY_PATH"),
        "{message}"
    );

    fs::write(&library, "").unwrap();
    assert_eq!(env.provision_pdfium(&settings).unwrap(), library);
    assert!(!settings.cache_dir.exists(), "the cache is not created");
    assert!(env.pip_calls().is_empty());
}

#[test]
fn an_error_names_the_setting_for_a_library_of_ones_own() {
    let env = TestEnv::new();
    env.set_python_script("echo no route to host >&2; exit 1");

    let error = env.provision_pdfium(&env.pdfium_settings()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("download pdf 1") && message.contains("no route to host"),
        "{message}"
    );
    assert!(
        message.contains("PDFIUM_LIBRARY_PATH") && !message.contains("--model-dir"),
        "{message}"
    );
}

#[test]
fn a_platform_without_a_build_is_an_error_with_advice() {
    let env = TestEnv::new();
    let catalogue = Catalogue::parse("").unwrap();
    let settings = env.pdfium_settings();

    let error = provision_pdfium_from(&catalogue, &settings, &|_| {}).unwrap_err();
    assert!(matches!(error, ProvisionError::UnknownPlatform { .. }));
    assert!(error.to_string().contains("set PDFIUM_LIBRARY_PATH"));
}

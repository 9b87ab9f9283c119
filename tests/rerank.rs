//! An unusable reranker is reported at startup and by `doctor`.

use crate::support::{fail, mcdewey};

#[test]
fn a_reranker_folder_without_a_model_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut serve = mcdewey(&data);

    let stderr = fail(serve.args([
        "--rerank-dir",
        "nowhere",
        "serve",
        "--listen",
        "127.0.0.1:0",
    ]));

    assert!(
        stderr.contains("nowhere") && stderr.contains("lacks model.onnx"),
        "{stderr}"
    );

    let output = mcdewey(&data)
        .args(["--rerank-dir", "nowhere", "doctor"])
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        !output.status.success() && stdout.contains("reranker is broken"),
        "{stdout}"
    );
}

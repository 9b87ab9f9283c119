//! What the program says of a reranker that it cannot use.

use crate::support::{fail, mcdewey};

#[test]
fn a_folder_without_a_model_is_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut serve = mcdewey(&data);

    let said = fail(serve.args([
        "--rerank-dir",
        "nowhere",
        "serve",
        "--listen",
        "127.0.0.1:0",
    ]));

    assert!(
        said.contains("nowhere") && said.contains("lacks model.onnx"),
        "{said}"
    );

    let output = mcdewey(&data)
        .args(["--rerank-dir", "nowhere", "doctor"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        !output.status.success() && said.contains("reranker is broken"),
        "{said}"
    );
}

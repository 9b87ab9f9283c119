//! Files of every format in the real program: converted in a separate process, found by search,
//! shown with a link to the original, and removed without a trace.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Server, fail, ingest, mcdewey, succeed, wait_until};

/// A PDF of one page with this text.
pub(crate) fn pdf(text: &str) -> Vec<u8> {
    let content = format!("BT /F1 12 Tf 72 700 Td ({text}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>"
            .to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
    ];

    let mut out = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        write!(out, "{} 0 obj\n{object}\nendobj\n", number + 1).unwrap();
    }

    let table = out.len();
    write!(out, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).unwrap();
    for offset in offsets {
        writeln!(out, "{offset:010} 00000 n ").unwrap();
    }

    write!(
        out,
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    )
    .unwrap();

    out
}

fn write_corpus(folder: &Path) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    write(
        "manual.pdf",
        &pdf("The zebra crossing is painted twice a year."),
    );

    write(
        "page.html",
        b"<html><title>Giraffes</title><main><h1>Giraffes</h1>\
          <p>The giraffe house is closed.</p></main>",
    );

    write(
        "guide.rst",
        b"Otters\n======\n\nThe otter pool is cleaned on Mondays.\n",
    );

    write(
        "notes.adoc",
        b"= Penguins\n\nThe penguin parade begins at noon.\n",
    );

    write(
        "api.yaml",
        b"openapi: 3.0.0\ninfo: {title: Zoo, version: '1'}\npaths:\n  /llamas:\n    get:\n      \
          summary: List the llamas of the zoo\n      responses: {'200': {description: All llamas}}\n",
    );

    write("settings.json", b"{\"volume\": 11}");
    write("broken.pdf", b"%PDF-1.7\nnothing more");
    write("word.docx", b"PK but no zip");
}

fn first_source(answer: &Value) -> &str {
    answer["hits"][0]["source"].as_str().unwrap_or_default()
}

#[test]
fn documents_of_every_format_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("corpus");
    std::fs::create_dir(&root).unwrap();
    write_corpus(&root);
    let report = ingest(&folder.path().join("data"), &root);
    assert_eq!(report["written"], 5, "{report:#}");

    for (format, count) in [("PDF", 2), ("HTML", 1), ("OpenAPI", 2), ("DOCX", 1)] {
        assert_eq!(report["formats"][format]["files"], count, "{report:#}");
    }

    let reasons = report["skipped"].to_string();
    for reason in [
        "broken.pdf",
        "word.docx",
        "settings.json",
        "not an OpenAPI description",
    ] {
        assert!(reasons.contains(reason), "{reasons}");
    }

    let flag = root.display().to_string();
    let server = Server::start_with(folder, &["--corpus", &flag, "serve", "--no-ingest"]);
    for (question, source) in [
        ("zebra crossing", "manual.pdf"),
        ("giraffe house", "page.html"),
        ("otter pool", "guide.rst"),
        ("penguin parade", "notes.adoc"),
        ("list the llamas", "api.yaml"),
    ] {
        assert_eq!(
            first_source(&server.search(&json!({"q": question}))),
            source
        );
    }

    let page: Value =
        serde_json::from_str(&server.get("/api/v1/documents/manual.pdf?page=1").1).unwrap();
    assert!(
        page["text"].as_str().unwrap().contains("zebra crossing"),
        "{page:#}"
    );
    let original = page["original_url"].as_str().unwrap();
    assert!(original.ends_with("#page=1"), "{original}");

    let path = original
        .strip_prefix(&server.address)
        .unwrap()
        .trim_end_matches("#page=1");

    assert_eq!(
        server.header(path, "content-type").as_deref(),
        Some("application/pdf")
    );
}

/// Without PDFium, PDF files are read with losses, so they must not stay as they are.
#[test]
fn a_pdf_read_without_pdfium_is_read_again_once_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (data, root) = (folder.path().join("data"), folder.path().join("corpus"));
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("manual.pdf"), pdf("The zebra crossing.")).unwrap();
    std::fs::write(root.join("page.html"), "<h1>Giraffes</h1><p>Closed.").unwrap();

    let without = mcdewey(&data)
        .env("PDFIUM_LIBRARY_PATH", "nowhere/libpdfium.so")
        .arg("ingest")
        .arg(&root)
        .arg("--json")
        .output()
        .unwrap();
    let (report, stderr) = (
        serde_json::from_slice::<Value>(&without.stdout).unwrap(),
        String::from_utf8_lossy(&without.stderr),
    );

    assert_eq!(report["written"], 2, "{report:#}");
    assert_eq!(
        stderr.matches("read without PDFium").count(),
        1,
        "one warning for all files: {stderr}"
    );
    assert!(
        stderr.contains("nowhere/libpdfium.so") && stderr.contains("models --fetch"),
        "{stderr}"
    );

    let report = ingest(&data, &root);
    assert_eq!(
        (&report["written"], &report["unchanged"]),
        (&json!(1), &json!(1)),
        "{report:#}"
    );
}

#[test]
fn doctor_says_whether_pdfium_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = || {
        let mut command = mcdewey(&folder.path().join("data"));
        command.arg("--corpus").arg(folder.path()).arg("doctor");
        command
    };

    succeed(mcdewey(&folder.path().join("data")).args(["models", "--fetch"]));
    let report: Value = serde_json::from_str(&succeed(doctor().arg("--json"))).unwrap();
    let library = report["pdfium"]["ok"]["library"].as_str().unwrap();
    assert!(Path::new(library).is_file(), "{report:#}");

    let output = doctor()
        .env("PDFIUM_LIBRARY_PATH", "nowhere")
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success());
    assert!(
        report.contains("PDFium cannot be used") && report.contains("nowhere"),
        "{report}"
    );
}

#[test]
fn only_a_pdf_needs_pdfium() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, needed) in [
        ("page.html", b"<h1>Giraffes</h1>".to_vec(), false),
        ("page.pdf", pdf("Giraffes"), true),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let output = mcdewey(&folder.path().join("data"))
            .env("PDFIUM_LIBRARY_PATH", "nowhere")
            .arg("convert")
            .arg(&file)
            .args(["--force", "-o", "-"])
            .output()
            .unwrap();

        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("Giraffes"));
        assert_eq!(stderr.contains("without PDFium"), needed, "{stderr}");
    }
}

#[test]
fn a_conversion_can_be_corrected_and_keeps_its_original() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("corpus");
    std::fs::create_dir(&root).unwrap();

    std::fs::write(
        root.join("manual.pdf"),
        pdf("The zebra crosing is painted."),
    )
    .unwrap();

    let data = folder.path().join("data");
    succeed(mcdewey(&data).arg("convert").arg(root.join("manual.pdf")));
    let markdown = std::fs::read_to_string(root.join("manual.md")).unwrap();

    assert!(
        markdown.contains("converted_from: \"manual.pdf\"")
            && markdown.contains("<!-- page: 1 -->"),
        "{markdown}"
    );

    let stderr = fail(mcdewey(&data).arg("convert").arg(root.join("manual.pdf")));
    assert!(stderr.contains("--force"), "{stderr}");
    std::fs::write(
        root.join("manual.md"),
        markdown.replace("crosing", "crossing"),
    )
    .unwrap();

    let report = ingest(&data, &root);
    assert_eq!(
        (&report["files"], &report["written"]),
        (&json!(1), &json!(1)),
        "{report:#}"
    );

    let found: Value = serde_json::from_str(&succeed(mcdewey(&data).args([
        "search",
        "--json",
        "zebra crossing",
    ])))
    .unwrap();

    assert_eq!(first_source(&found), "manual.md");
    assert!(
        found["hits"][0]["text"]
            .as_str()
            .unwrap()
            .contains("crossing")
    );
}

#[test]
fn a_removed_document_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("corpus");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("stays.md"), "# Otters\n\nThe otter pool.").unwrap();
    std::fs::write(root.join("zyxgoes.md"), "# Zebras\n\nThe zebra crossing.").unwrap();
    std::fs::write(root.join("zyxalso.md"), "# Llamas\n\nThe llama house.").unwrap();
    let data = folder.path().join("data");
    ingest(&data, &root);
    let flag = root.display().to_string();

    let remove = |source: &str| {
        let mut command = mcdewey(&data);
        command.args(["--corpus", &flag, "remove", source]);
        command
    };

    assert!(fail(&mut remove("zyxgoes.md")).contains("--force"));
    assert!(fail(&mut remove("nowhere.md")).contains("no generation contains nowhere.md"));
    std::fs::remove_file(root.join("zyxgoes.md")).unwrap();
    std::fs::remove_file(root.join("zyxalso.md")).unwrap();
    let stdout = succeed(&mut remove("zyxgoes.md"));

    assert!(
        stdout.contains("1 documents removed") && stdout.contains("nothing of them is left"),
        "{stdout}"
    );
    let server = Server::start_with(folder, &["--corpus", &flag, "serve", "--no-ingest"]);
    let stdout = succeed(&mut remove("zyxalso.md"));

    assert!(
        stdout.contains("1 documents removed") && stdout.contains("nothing of them is left"),
        "{stdout}"
    );
    let answer = server.search(&json!({"q": "llama house zebra crossing"}));
    assert!(!answer.to_string().contains("zyx"), "{answer:#}");
    assert_eq!(
        first_source(&server.search(&json!({"q": "otter pool"}))),
        "stays.md"
    );
}

/// The parent enforces the time limit of a conversion; without it, a conversion might never end.
#[cfg(target_os = "linux")]
#[test]
fn a_conversion_ends_with_its_parent_process() {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    // The shell is the parent. It is killed while standard input stays open, so the worker is
    // waiting for a file. (A shell gives a background process an empty standard input unless it is
    // redirected.)
    let script = "exec 3<&0; \"$0\" convert-worker --memory 1073741824 <&3 & echo $!; wait";
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script, env!("CARGO_BIN_EXE_mcdewey")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    let _open_stdin = shell.stdin.take();
    let mut worker = String::new();

    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(shell.stdout.take().unwrap()),
        &mut worker,
    )
    .unwrap();

    let process = std::path::PathBuf::from(format!("/proc/{}", worker.trim()));
    assert!(process.exists(), "{worker}");

    // The worker's second thread watches the parent. Before it exists, the worker has not looked up
    // its parent yet.
    wait_until(Duration::from_secs(30), || {
        let threads = std::fs::read_dir(process.join("task"));
        threads.is_ok_and(|threads| threads.count() > 1)
    });
    shell.kill().unwrap();
    shell.wait().unwrap();
    wait_until(Duration::from_secs(30), || !process.exists());
}

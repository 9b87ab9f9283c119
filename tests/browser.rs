//! The pages in a real browser: headless Chromium goes through them as people do, and axe judges each.
//!
//! The journeys are scripts in `browser/`; they watch all along for what must never happen (browser/harness.mjs).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    Server, copy_folder, ingest, mcdewey, node_modules, repository, sample_library, skip, succeed,
};

#[test]
fn a_question_leads_to_its_page_and_back() {
    over_sample_library("a_question_leads_to_its_page_and_back", "search");
}

#[test]
fn filters_and_further_pages_are_links() {
    over_sample_library("filters_and_further_pages_are_links", "facets");
}

#[test]
fn two_releases_are_compared() {
    over_sample_library("two_releases_are_compared", "compare");
}

#[test]
fn pages_are_dark_in_the_dark_and_plain_on_paper() {
    over_sample_library("pages_are_dark_in_the_dark_and_plain_on_paper", "themes");
}

#[test]
fn every_page_is_accessible_and_stands_still() {
    over_sample_library("every_page_is_accessible_and_stands_still", "every_page");
}

#[test]
fn the_search_page_is_light() {
    over_sample_library("the_search_page_is_light", "weight");
}

#[test]
fn all_is_reached_by_keyboard() {
    over_sample_library("all_is_reached_by_keyboard", "keyboard");
}

#[test]
fn all_works_without_scripts() {
    let Some(browser) = ready("all_works_without_scripts") else {
        return;
    };

    journey(
        &browser,
        "no_script",
        &server_with_feedback(sample_library(), &repository().join("corpus")),
    );
}

#[test]
fn a_word_on_a_hit_becomes_a_judgment() {
    let Some(browser) = ready("a_word_on_a_hit_becomes_a_judgment") else {
        return;
    };
    let server = server_with_feedback(sample_library(), &repository().join("corpus"));
    journey(&browser, "feedback", &server);
    let folder = server.kill();

    let (data, file) = (
        folder.path().join("data"),
        folder.path().join("data/feedback.jsonl"),
    );
    let kept: Value =
        serde_json::from_str(&fs::read_to_string(&file).unwrap()).expect("one judgment");
    assert_eq!(
        (kept["q"].as_str(), kept["page"].as_u64()),
        (Some("barge state in CCX"), Some(118)),
        "{kept}"
    );
    assert_eq!(kept["filter"]["version"], "v12.5", "{kept}");

    let report = succeed(
        mcdewey(&data)
            .arg("eval")
            .arg(&file)
            .args(["--mode", "hybrid", "--json"]),
    );

    let report: Value = serde_json::from_str(&report).expect("a report");
    assert_eq!(report["rows"][0]["set"], "feedback", "{report:#}");
    assert_eq!(report["rows"][0]["page-hit@1"], 1.0, "{report:#}");
}

#[test]
fn hostile_documents_do_nothing() {
    let Some(browser) = ready("hostile_documents_do_nothing") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().join("corpus");
    copy_folder(&repository().join("corpus/notes"), &corpus.join("notes"));
    hostile_documents(&corpus.join("evil"));
    ingest(&folder.path().join("data"), &corpus);
    journey(&browser, "hostile", &server_with_feedback(folder, &corpus));
}

/// Documents that try to run something, to leave the page, or to be too much for it.
fn hostile_documents(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let attacks = [
        "<script>window.ran = ['script'];</script>",
        "<img src=x onerror=\"window.ran = ['image']\">",
        "<svg onload=\"window.ran = ['svg']\"><script>window.ran = ['svg script']</script></svg>",
        "<iframe src=\"javascript:parent.ran = ['frame']\"></iframe>",
        "<a href=\"javascript:window.ran = ['link']\">an attack</a> and [another](javascript:window.ran=1)",
        "[data](data:text/html,<script>alert(1)</script>)",
        "<p style=\"position:fixed;inset:0\" onclick=\"window.ran = ['click']\">over all</p>",
        "<form action=\"https://evil.example\"><input name=q autofocus onfocus=\"window.ran = ['focus']\"></form>",
        "<base href=\"https://evil.example/\"><meta http-equiv=\"refresh\" content=\"0;url=https://evil.example/\">",
        "<link rel=stylesheet href=\"https://evil.example/style.css\"> <style>body { display: none }</style>",
        "![pixel](https://evil.example/pixel.png)",
        "```html\n<script>window.ran = ['code'];</script>\n```",
        "<details open ontoggle=\"window.ran = ['toggle']\"><summary>more</summary>text</details>",
    ];

    let attack = format!(
        "# An attack on the supervisor's desktop\n\n{}\n",
        attacks.join("\n\n")
    );
    fs::write(folder.join("attack.md"), attack).unwrap();
    let sentence = "A supervisor reads a page of two megabytes <b onclick=\"window.ran = ['bold']\">to its end</b>. ";

    fs::write(
        folder.join("long-page.md"),
        format!("# A long page\n\n{}\n", sentence.repeat(22_000)),
    )
    .unwrap();

    let row = |cell: &str| format!("|{}\n", format!(" {cell} |").repeat(200));
    let rows: String = (0..300)
        .map(|row_number| row(&format!("cell{row_number}")))
        .collect();

    fs::write(
        folder.join("wide-table.md"),
        format!("# A wide table\n\n{}{}{rows}", row("head"), row("---")),
    )
    .unwrap();
}

fn server_with_feedback(folder: TempDir, corpus: &Path) -> Server {
    Server::start_with(
        folder,
        &[
            "--corpus",
            &corpus.display().to_string(),
            "--feedback",
            "everyone",
            "serve",
        ],
    )
}

fn over_sample_library(test: &str, name: &str) {
    if let Some(browser) = ready(test) {
        journey(
            &browser,
            name,
            &server_with_feedback(sample_library(), &repository().join("corpus")),
        );
    }
}

/// The browser, when the scripts' packages are there too.
fn ready(test: &str) -> Option<PathBuf> {
    let Some(browser) = browser() else {
        skip(test, "there is no chromium on this machine");
        return None;
    };

    match node_modules(&scripts()) {
        Ok(()) => Some(browser),
        Err(reason) => {
            skip(test, &reason);
            None
        }
    }
}

fn journey(browser: &Path, name: &str, server: &Server) {
    let mut command = Command::new("node");
    command
        .arg(scripts().join("run.mjs"))
        .args([name, &server.address])
        .arg(browser);
    let output = command.output().expect("node starts");

    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn scripts() -> PathBuf {
    repository().join("tests/browser")
}

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
        })
        .find(|program| program.is_file())
}

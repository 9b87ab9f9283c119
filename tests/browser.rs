//! The pages in a real browser: headless Chromium uses them as people do, and axe checks their
//! accessibility.
//!
//! The journeys are scripts in `browser/`. During each, `browser/harness.mjs` records what must
//! never happen: console errors, violations of the Content-Security-Policy, requests to other
//! hosts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    Server, copy_folder, ingest, mcdewey, node_modules, repository, sample_library, skip, succeed,
};

#[test]
fn a_search_leads_to_its_page_and_back() {
    run_over_sample_library("a_search_leads_to_its_page_and_back", "search");
}

#[test]
fn filters_and_further_pages_are_links() {
    run_over_sample_library("filters_and_further_pages_are_links", "facets");
}

#[test]
fn two_versions_are_compared() {
    run_over_sample_library("two_versions_are_compared", "compare");
}

#[test]
fn pages_follow_the_dark_theme_and_print_in_black_on_white() {
    run_over_sample_library(
        "pages_follow_the_dark_theme_and_print_in_black_on_white",
        "themes",
    );
}

#[test]
fn every_page_is_accessible_and_its_layout_does_not_shift() {
    run_over_sample_library(
        "every_page_is_accessible_and_its_layout_does_not_shift",
        "every_page",
    );
}

#[test]
fn the_search_page_stays_small() {
    run_over_sample_library("the_search_page_stays_small", "weight");
}

#[test]
fn everything_is_reachable_by_keyboard() {
    run_over_sample_library("everything_is_reachable_by_keyboard", "keyboard");
}

#[test]
fn everything_works_without_scripts() {
    let Some(browser) = chromium("everything_works_without_scripts") else {
        return;
    };

    run_journey(
        &browser,
        "no_script",
        &server_with_feedback(sample_library(), &repository().join("corpus")),
    );
}

#[test]
fn feedback_on_a_hit_becomes_a_judgment() {
    let Some(browser) = chromium("feedback_on_a_hit_becomes_a_judgment") else {
        return;
    };
    let server = server_with_feedback(sample_library(), &repository().join("corpus"));
    run_journey(&browser, "feedback", &server);
    let folder = server.kill();

    let (data, file) = (
        folder.path().join("data"),
        folder.path().join("data/feedback.jsonl"),
    );
    let judgment: Value =
        serde_json::from_str(&fs::read_to_string(&file).unwrap()).expect("one judgment");
    assert_eq!(
        (judgment["q"].as_str(), judgment["page"].as_u64()),
        (Some("barge state in CCX"), Some(118)),
        "{judgment}"
    );
    assert_eq!(judgment["filter"]["version"], "v12.5", "{judgment}");

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
    let Some(browser) = chromium("hostile_documents_do_nothing") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().join("corpus");
    copy_folder(&repository().join("corpus/notes"), &corpus.join("notes"));
    hostile_documents(&corpus.join("evil"));
    ingest(&folder.path().join("data"), &corpus);
    run_journey(&browser, "hostile", &server_with_feedback(folder, &corpus));
}

/// Documents that try to run scripts, to leave the page, or to overload it.
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

fn run_over_sample_library(test: &str, name: &str) {
    if let Some(browser) = chromium(test) {
        run_journey(
            &browser,
            name,
            &server_with_feedback(sample_library(), &repository().join("corpus")),
        );
    }
}

/// The browser, or `None` with the reason printed if it or the packages of the scripts are missing.
fn chromium(test: &str) -> Option<PathBuf> {
    let Some(browser) = find_chromium() else {
        skip(test, "chromium is not installed");
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

fn run_journey(browser: &Path, name: &str, server: &Server) {
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

/// The program, if this machine has it.
fn find_chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
        })
        .find(|program| program.is_file())
}

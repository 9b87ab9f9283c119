//! The page in a real browser: headless Chromium loads it and the document it built is looked at.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Server, skip};

/// Arguments that keep the browser quiet, alone, and off any network but loopback.
const QUIET: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

#[test]
fn the_result_page_shows_page_118_first() {
    let Some(browser) = browser() else {
        return skip("the_result_page_shows_page_118_first", "there is no chromium on this machine");
    };
    let server = Server::over_sample_library();
    let profile = tempfile::tempdir().unwrap();
    let page = dump(&browser, profile.path(), &format!("{}/?q=barge+state+in+CCX", server.address));
    let first = page.find("<article").expect("the page has hits");
    let hit = &page[first..page[first..].find("</article>").map_or(page.len(), |end| first + end)];
    assert!(hit.contains("Page 118") && hit.contains("v12.5") && hit.contains("<mark>"), "{hit}");
    screenshot(&browser, profile.path(), &format!("{}/?q=barge+state+in+CCX", server.address));
}

#[test]
fn a_hit_leads_to_its_page_in_the_document() {
    let Some(browser) = browser() else {
        return skip("a_hit_leads_to_its_page_in_the_document", "there is no chromium on this machine");
    };
    let server = Server::over_sample_library();
    let profile = tempfile::tempdir().unwrap();
    let hit = &server.search(&serde_json::json!({"q": "barge state in CCX"}))["hits"][0];
    let chunk = dump(&browser, profile.path(), hit["url"].as_str().unwrap());
    assert!(chunk.contains("↗ View in doc context") && chunk.contains("Page 118"), "{chunk}");
    let page = dump(&browser, profile.path(), hit["page_url"].as_str().unwrap());
    assert!(page.contains("stays NOT_READY"), "{page}");
}

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name)))
        .find(|program| program.is_file())
}

/// The document as the browser has it after loading.
fn dump(browser: &Path, profile: &Path, url: &str) -> String {
    let output = command(browser, profile).arg("--dump-dom").arg(url).output().expect("the browser starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A picture of the page beside the test's other output, for people to look at.
fn screenshot(browser: &Path, profile: &Path, url: &str) {
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("result-page.png");
    let argument = format!("--screenshot={}", picture.display());
    let status = command(browser, profile).args(["--window-size=1280,900", &argument]).arg(url).output();
    assert!(status.expect("the browser starts").status.success());
    assert!(picture.metadata().is_ok_and(|picture| picture.len() > 10_000), "no picture in {}", picture.display());
}

fn command(browser: &Path, profile: &Path) -> Command {
    let mut command = Command::new(browser);
    command.args(QUIET).arg(format!("--user-data-dir={}", profile.display()));
    command
}

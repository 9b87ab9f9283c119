//! Access control of the real program: keys created and revoked while a server runs, keys for one
//! product, TLS, and the audit log.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Server, agent, fail, mcdewey, repository, sample_library, succeed, wait_until,
};

/// The server checks its keys and certificates every few seconds.
const RELOADED_WITHIN: Duration = Duration::from_secs(20);

/// A server over the sample library that ingests nothing, with these further arguments.
fn server(folder: tempfile::TempDir, arguments: &[&str]) -> Server {
    let corpus = repository().join("corpus").display().to_string();
    let arguments: Vec<&str> = ["--corpus", &corpus]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();

    Server::start_with(
        folder,
        &[arguments.as_slice(), &["serve", "--no-ingest"]].concat(),
    )
}

/// Creates a key; returns its secret.
fn create_key(data: &Path, arguments: &[&str]) -> String {
    let secret = succeed(mcdewey(data).args(["keys", "create"]).args(arguments));
    let secret = secret.trim().to_owned();
    assert!(secret.starts_with("mcd_"), "{secret}");
    secret
}

fn get(server: &Server, path: &str, key: &str) -> (u16, String) {
    let request = agent()
        .get(format!("{}{path}", server.address))
        .header("authorization", format!("Bearer {key}"));
    let mut response = request.call().unwrap();
    (
        response.status().as_u16(),
        response.body_mut().read_to_string().unwrap(),
    )
}

#[test]
fn keys_are_created_and_revoked_while_the_server_runs() {
    let folder = sample_library();
    let data = folder.path().join("data");
    let reader = create_key(&data, &["portal"]);
    let audit = folder.path().join("audit.jsonl");
    let server = server(folder, &["--audit-log", &audit.display().to_string()]);
    assert_eq!(server.get("/api/v1/library").0, 401);
    assert_eq!(server.get("/healthz").0, 200);
    assert_eq!(get(&server, "/api/v1/library", &reader).0, 200);
    let later = create_key(&data, &["later", "--role", "admin", "--expires", "1d"]);
    wait_until(RELOADED_WITHIN, || {
        get(&server, "/api/v1/library", &later).0 == 200
    });
    let listed = succeed(mcdewey(&data).args(["keys", "list", "--json"]));
    let names: Vec<Value> = serde_json::from_str::<Vec<Value>>(&listed).unwrap();

    assert_eq!(
        (&names[0]["name"], &names[1]["role"]),
        (&json!("portal"), &json!("admin"))
    );
    assert!(
        !listed.contains("hash") && !listed.contains(&later),
        "{listed}"
    );
    succeed(mcdewey(&data).args(["keys", "revoke", "portal"]));
    wait_until(RELOADED_WITHIN, || {
        get(&server, "/api/v1/library", &reader).0 == 401
    });
    assert!(fail(mcdewey(&data).args(["keys", "revoke", "portal"])).contains("known: later"));

    // Commands on the same machine need no key.
    let found = succeed(mcdewey(&data).args(["search", "--json", "barge"]));
    assert!(
        !serde_json::from_str::<Value>(&found).unwrap()["hits"]
            .as_array()
            .unwrap()
            .is_empty()
    );

    wait_until(RELOADED_WITHIN, || {
        std::fs::read_to_string(&audit).is_ok_and(|text| text.contains("\"owner\""))
    });
    let lines = std::fs::read_to_string(&audit).unwrap();
    let entries: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();

    let has = |caller: &str, status: u16| {
        entries
            .iter()
            .any(|entry| entry["caller"] == caller && entry["status"] == status)
    };

    assert!(
        has("nobody", 401) && has("portal", 200) && has("later", 200),
        "{lines}"
    );
    assert!(
        entries.iter().all(|entry| entry["remote"] == "127.0.0.1") && !lines.contains("barge"),
        "{lines}"
    );
}

/// Every interface rejects requests with and without a key; only commands on this machine still
/// work.
fn assert_closed(server: &Server, when: &str) {
    for path in [
        "/api/v1/library",
        "/api/v1/search?q=barge",
        "/",
        "/status",
        "/connect",
    ] {
        assert_eq!(server.get(path).0, 401, "{path} {when}");
        assert_eq!(get(server, path, "mcd_any").0, 401, "{path} {when}");
    }

    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    let post = agent().post(format!("{}/mcp", server.address));
    let post = post.header("accept", "application/json, text/event-stream");
    assert_eq!(post.send_json(&call).unwrap().status(), 401, "/mcp {when}");
    let found = succeed(mcdewey(&server.data()).args(["search", "--json", "barge"]));

    assert!(found.contains("chunk_id"), "{when}: {found}");
}

#[test]
fn a_server_that_loses_its_keys_denies_access() {
    let folder = sample_library();
    let data = folder.path().join("data");
    let file = data.join("keys.toml");
    let key = create_key(&data, &["portal"]);
    let server = server(folder, &[]);
    let is_accepted = |key: &str| get(&server, "/api/v1/library", key).0 == 200;
    std::fs::rename(&file, data.join("moved.toml")).unwrap();
    wait_until(RELOADED_WITHIN, || !is_accepted(&key));
    assert_closed(&server, "with its keys file moved away");
    std::fs::rename(data.join("moved.toml"), &file).unwrap();
    wait_until(RELOADED_WITHIN, || is_accepted(&key));
    std::fs::write(&file, "").unwrap();
    wait_until(RELOADED_WITHIN, || !is_accepted(&key));
    assert_closed(&server, "with its keys file emptied");
    std::fs::remove_file(&file).unwrap();
    assert_closed(&server, "with its keys file deleted");
    let key = create_key(&data, &["portal"]);
    wait_until(RELOADED_WITHIN, || is_accepted(&key));
    succeed(mcdewey(&data).args(["keys", "revoke", "portal"]));
    wait_until(RELOADED_WITHIN, || !is_accepted(&key));
    assert_closed(&server, "with its key revoked");
}

#[test]
fn a_server_restarted_without_its_keys_denies_access() {
    let folder = sample_library();
    let data = folder.path().join("data");
    create_key(&data, &["portal"]);
    succeed(mcdewey(&data).args(["keys", "revoke", "portal"]));
    let first = server(folder, &[]);

    assert!(
        first.startup_log.contains("WARN") && first.startup_log.contains("mcdewey keys create"),
        "{}",
        first.startup_log
    );

    assert_closed(&first, "after the key was revoked");
    let folder = first.kill();
    std::fs::remove_file(folder.path().join("data/keys.toml")).unwrap();
    let second = server(folder, &[]);
    assert_closed(&second, "after the file was deleted");
    let folder = second.kill();

    // Naming a keys file requires keys.
    std::fs::remove_file(folder.path().join("data/access-state.toml")).unwrap();
    let elsewhere = folder.path().join("elsewhere.toml").display().to_string();
    let third = server(folder, &["--keys-file", &elsewhere]);
    assert_closed(&third, "with a missing keys file");
    let key = create_key(&third.data(), &["portal", "--keys-file", &elsewhere]);
    wait_until(RELOADED_WITHIN, || {
        get(&third, "/api/v1/library", &key).0 == 200
    });
}

#[test]
fn reopening_is_explicit_and_logs_a_warning() {
    let folder = sample_library();
    let data = folder.path().join("data");
    create_key(&data, &["portal"]);
    let warning = "may read the whole library";
    let first = server(folder, &[]);
    assert!(
        !first.startup_log.contains(warning),
        "{}",
        first.startup_log
    );
    assert!(fail(mcdewey(&data).args(["keys", "open"])).contains("revoke them first"));

    let revoked = mcdewey(&data)
        .args(["keys", "revoke", "portal"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&revoked.stderr).contains("mcdewey keys open"));
    assert!(succeed(mcdewey(&data).args(["keys", "list"])).contains("mcdewey keys open"));
    let opened = mcdewey(&data).args(["keys", "open"]).output().unwrap();
    assert!(opened.status.success() && String::from_utf8_lossy(&opened.stderr).contains(warning));
    wait_until(RELOADED_WITHIN, || first.get("/api/v1/library").0 == 200);
    let second = server(first.kill(), &[]);

    assert!(
        second.startup_log.contains("WARN") && second.startup_log.contains(warning),
        "{}",
        second.startup_log
    );
    assert_eq!(second.get("/api/v1/library").0, 200);
    let data = second.data();
    create_key(&data, &["later"]);
    wait_until(RELOADED_WITHIN, || second.get("/api/v1/library").0 == 401);
    std::fs::remove_file(data.join("keys.toml")).unwrap();
    let third = server(second.kill(), &[]);
    assert_closed(&third, "because a key was created after it was opened");
    let fourth = server(third.kill(), &["--allow-anonymous"]);

    assert!(
        fourth.startup_log.contains("WARN") && fourth.startup_log.contains("allow_anonymous"),
        "{}",
        fourth.startup_log
    );
    assert_eq!(fourth.get("/api/v1/library").0, 200);
    let fifth = server(fourth.kill(), &[]);
    assert_closed(&fifth, "because --allow-anonymous applies to one start");
}

#[test]
fn concurrent_key_changes_are_all_applied() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    create_key(&data, &["first"]);

    std::thread::scope(|scope| {
        for number in 0..6 {
            let data = &data;
            scope.spawn(move || create_key(data, &[&format!("k{number}")]));
        }
        scope.spawn(|| succeed(mcdewey(&data).args(["keys", "revoke", "first"])));
    });

    let listed = succeed(mcdewey(&data).args(["keys", "list", "--json"]));
    let names: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert!(names.len() == 6 && !listed.contains("first"), "{listed}");
}

#[test]
fn keys_of_another_server_do_not_close_an_open_one() {
    let server = server(sample_library(), &[]);
    let data = server.data();
    assert_eq!(server.get("/api/v1/library").0, 200);
    let secret = data.with_file_name("secret");
    std::fs::write(&secret, "let me in, please").unwrap();
    let secret = secret.display().to_string();

    let stderr = fail(mcdewey(&data).args([
        "--listen",
        "127.0.0.1:0",
        "--access-key-file",
        &secret,
        "serve",
    ]));

    assert!(
        stderr.contains("data directory") || stderr.contains("another"),
        "{stderr}"
    );
    assert!(
        !data.join("access-state.toml").exists(),
        "recorded by a server that did not start"
    );
    let elsewhere = data.with_file_name("elsewhere.toml").display().to_string();
    create_key(&data, &["zz", "--keys-file", &elsewhere]);
    succeed(mcdewey(&data).args(["keys", "revoke", "zz", "--keys-file", &elsewhere]));

    assert!(
        !data.join("access-state.toml").exists(),
        "recorded for keys of another server"
    );
    assert_eq!(server.get("/api/v1/library").0, 200);

    // Another spelling of the path to its own keys file.
    let own = format!("{}/../data/keys.toml", data.display());
    create_key(&data, &["own", "--keys-file", &own]);
    wait_until(RELOADED_WITHIN, || server.get("/api/v1/library").0 == 401);
    assert!(data.join("access-state.toml").exists());
}

#[test]
fn wrong_keys_are_rate_limited_and_valid_ones_are_not() {
    let folder = sample_library();
    let key = create_key(&folder.path().join("data"), &["portal"]);
    let server = server(folder, &[]);
    let mut statuses =
        (0..500).map(|number| get(&server, "/api/v1/library", &format!("mcd_{number}")).0);

    assert!(
        statuses.any(|status| status == 429),
        "500 wrong keys within seconds"
    );
    assert_eq!(get(&server, "/api/v1/library", &key).0, 200);
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn a_key_for_one_product_grants_access_to_that_product_only() {
    let folder = sample_library();
    let data = folder.path().join("data");
    let whole = create_key(&data, &["all"]);
    let server = server(folder, &[]);

    let products = |key: &str| -> Vec<String> {
        let library: Value = serde_json::from_str(&get(&server, "/api/v1/library", key).1).unwrap();
        let vendors = library["vendors"].as_array().unwrap();
        let products = vendors
            .iter()
            .flat_map(|vendor| vendor["products"].as_array().unwrap());
        products
            .filter_map(|product| product["product"].as_str().map(str::to_owned))
            .collect()
    };

    let all = products(&whole);
    assert!(all.len() > 1, "{all:?}");
    let limited = create_key(&data, &["partner", "--product", &all[0]]);

    wait_until(RELOADED_WITHIN, || {
        get(&server, "/healthz", &limited).0 == 200
            && get(&server, "/api/v1/library", &limited).0 == 200
    });
    assert_eq!(products(&limited), all[..1]);
    for question in ["certificate", "how do I barge into a call", "error"] {
        let path = format!("/api/v1/search?limit=50&q={}", question.replace(' ', "+"));
        let answer: Value = serde_json::from_str(&get(&server, &path, &limited).1).unwrap();
        for hit in answer["hits"].as_array().unwrap() {
            assert_eq!(hit["product"], all[0], "{question}");
        }
    }

    let problem: Value =
        serde_json::from_str(&get(&server, "/api/v1/search?q=x&product=nothere", &limited).1)
            .unwrap();
    assert_eq!(problem["known"], json!([all[0]]));
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "list_library", "arguments": {}},
    });

    let mut response = agent()
        .post(format!("{}/mcp", server.address))
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-11-25")
        .header("authorization", format!("Bearer {limited}"))
        .send_json(&call)
        .unwrap();

    let listed = response.body_mut().read_to_string().unwrap();
    assert!(
        listed.contains(&all[0]) && !listed.contains(&all[1]),
        "{listed}"
    );
}

#[test]
fn a_server_on_a_public_address_requires_a_key_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let stderr = fail(mcdewey(&data).args(["--listen", "0.0.0.0:0", "serve"]));

    assert!(
        stderr.contains("mcdewey keys create") && stderr.contains("--allow-anonymous"),
        "{stderr}"
    );
    assert!(!data.exists(), "nothing was created");
}

/// A self-signed certificate for this machine, also written to `cert.pem` and `key.pem`.
fn certificate(folder: &Path) -> rcgen::CertifiedKey<rcgen::KeyPair> {
    let certificate =
        rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()])
            .unwrap();
    std::fs::write(
        folder.join("key.pem"),
        certificate.signing_key.serialize_pem(),
    )
    .unwrap();
    std::fs::write(folder.join("cert.pem"), certificate.cert.pem()).unwrap();
    certificate
}

/// A client that trusts this certificate only.
fn agent_trusting(certificate: &rcgen::CertifiedKey<rcgen::KeyPair>) -> ureq::Agent {
    use ureq::tls::{Certificate, RootCerts, TlsConfig};

    let root = Certificate::from_der(certificate.cert.der()).to_owned();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&[root]))
        .build();

    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .tls_config(tls)
        .build()
        .into()
}

#[test]
fn tls_certificates_are_reloaded_without_a_restart() {
    let folder = sample_library();
    let (data, path) = (folder.path().join("data"), folder.path().to_owned());
    let first = certificate(&path);
    let file = |name: &str| path.join(name).display().to_string();

    let server = server(
        folder,
        &[
            "--tls-cert",
            &file("cert.pem"),
            "--tls-key",
            &file("key.pem"),
        ],
    );

    assert!(
        server.address.starts_with("https://127.0.0.1:"),
        "{}",
        server.address
    );

    let is_trusted = |certificate: &rcgen::CertifiedKey<rcgen::KeyPair>| {
        let url = format!("{}/api/v1/search?q=barge", server.address);
        agent_trusting(certificate)
            .get(url)
            .call()
            .is_ok_and(|response| response.status() == 200)
    };

    assert!(is_trusted(&first));
    let found = succeed(mcdewey(&data).args(["search", "--json", "barge"]));
    assert!(
        found.contains(&server.address),
        "links use the public address: {found}"
    );
    std::fs::write(path.join("cert.pem"), "broken").unwrap();
    wait_until(RELOADED_WITHIN, || {
        server
            .log()
            .lines()
            .any(|line| line.contains("ERROR") && line.contains("certificate"))
    });

    assert!(
        is_trusted(&first),
        "a broken certificate leaves the old one in use"
    );
    let second = certificate(&path);
    wait_until(RELOADED_WITHIN, || is_trusted(&second));
    assert!(!is_trusted(&first));
    assert!(server.terminate().success());
}

#[test]
fn an_unusable_certificate_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::write(folder.path().join("cert.pem"), "nothing").unwrap();
    let cert = folder.path().join("cert.pem").display().to_string();

    let stderr = fail(mcdewey(&data).args([
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        &cert,
        "--tls-key",
        &cert,
        "serve",
    ]));

    assert!(
        stderr.contains("cert.pem") && stderr.contains("cannot be used"),
        "{stderr}"
    );
    let stderr = fail(mcdewey(&data).args(["--tls-cert", &cert, "serve"]));
    assert!(stderr.contains("--tls-key"), "{stderr}");
}

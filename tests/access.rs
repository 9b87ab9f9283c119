//! Who may ask, with the real program: keys that are made and revoked while a server runs, a key that opens one product
//! only, TLS, and the record of it all.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Server, fail, mcdewey, repository, sample_library, succeed};

/// A server over the sample library that takes nothing in, with these arguments besides.
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

fn create(data: &Path, arguments: &[&str]) -> String {
    let secret = succeed(mcdewey(data).args(["keys", "create"]).args(arguments));
    let secret = secret.trim().to_owned();
    assert!(secret.starts_with("mcd_"), "{secret}");
    secret
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into()
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

fn until(mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < end, "it did not come to hold");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn keys_are_made_and_revoked_while_the_server_runs() {
    let folder = sample_library();
    let data = folder.path().join("data");
    let reader = create(&data, &["portal"]);
    let audit = folder.path().join("audit.jsonl");
    let server = server(folder, &["--audit-log", &audit.display().to_string()]);
    assert_eq!(server.get("/api/v1/library").0, 401);
    assert_eq!(server.get("/healthz").0, 200);
    assert_eq!(get(&server, "/api/v1/library", &reader).0, 200);
    let later = create(&data, &["later", "--role", "admin", "--expires", "1d"]);
    until(|| get(&server, "/api/v1/library", &later).0 == 200);
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
    until(|| get(&server, "/api/v1/library", &reader).0 == 401);
    assert!(fail(mcdewey(&data).args(["keys", "revoke", "portal"])).contains("known: later"));

    // Commands of this machine need no key.
    let found = succeed(mcdewey(&data).args(["search", "--json", "barge"]));
    assert!(
        !serde_json::from_str::<Value>(&found).unwrap()["hits"]
            .as_array()
            .unwrap()
            .is_empty()
    );

    until(|| std::fs::read_to_string(&audit).is_ok_and(|text| text.contains("\"owner\"")));
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

/// Nobody is answered, on any face, but this machine's own commands.
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
fn a_server_whose_keys_are_lost_is_closed() {
    let folder = sample_library();
    let data = folder.path().join("data");
    let file = data.join("keys.toml");
    let key = create(&data, &["portal"]);
    let server = server(folder, &[]);
    let opens = |key: &str| get(&server, "/api/v1/library", key).0 == 200;
    std::fs::rename(&file, data.join("moved.toml")).unwrap();
    until(|| !opens(&key));
    assert_closed(&server, "with the file moved away");
    std::fs::rename(data.join("moved.toml"), &file).unwrap();
    until(|| opens(&key));
    std::fs::write(&file, "").unwrap();
    until(|| !opens(&key));
    assert_closed(&server, "with the file emptied");
    std::fs::remove_file(&file).unwrap();
    assert_closed(&server, "with the file deleted");
    let key = create(&data, &["portal"]);
    until(|| opens(&key));
    succeed(mcdewey(&data).args(["keys", "revoke", "portal"]));
    until(|| !opens(&key));
    assert_closed(&server, "with the key revoked");
}

#[test]
fn a_server_that_starts_without_the_keys_it_had_is_closed() {
    let folder = sample_library();
    let data = folder.path().join("data");
    create(&data, &["portal"]);
    succeed(mcdewey(&data).args(["keys", "revoke", "portal"]));
    let first = server(folder, &[]);

    assert!(
        first.said.contains("WARN") && first.said.contains("mcdewey keys create"),
        "{}",
        first.said
    );

    assert_closed(&first, "after the key was revoked");
    let folder = first.kill();
    std::fs::remove_file(folder.path().join("data/keys.toml")).unwrap();
    let second = server(folder, &[]);
    assert_closed(&second, "after the file was deleted");
    let folder = second.kill();

    // Whoever names a keys file asks for keys.
    std::fs::remove_file(folder.path().join("data/access-state.toml")).unwrap();
    let elsewhere = folder.path().join("elsewhere.toml").display().to_string();
    let third = server(folder, &["--keys-file", &elsewhere]);
    assert_closed(&third, "with a keys file that is not there");
    let key = create(&third.data(), &["portal", "--keys-file", &elsewhere]);
    until(|| get(&third, "/api/v1/library", &key).0 == 200);
}

#[test]
fn opening_again_is_an_act_of_its_own_and_is_warned_of() {
    let folder = sample_library();
    let data = folder.path().join("data");
    create(&data, &["portal"]);
    let warning = "may read the whole library";
    let first = server(folder, &[]);
    assert!(!first.said.contains(warning), "{}", first.said);
    assert!(fail(mcdewey(&data).args(["keys", "open"])).contains("revoke them first"));

    let revoked = mcdewey(&data)
        .args(["keys", "revoke", "portal"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&revoked.stderr).contains("mcdewey keys open"));
    assert!(succeed(mcdewey(&data).args(["keys", "list"])).contains("mcdewey keys open"));
    let opened = mcdewey(&data).args(["keys", "open"]).output().unwrap();
    assert!(opened.status.success() && String::from_utf8_lossy(&opened.stderr).contains(warning));
    until(|| first.get("/api/v1/library").0 == 200);
    let second = server(first.kill(), &[]);

    assert!(
        second.said.contains("WARN") && second.said.contains(warning),
        "{}",
        second.said
    );
    assert_eq!(second.get("/api/v1/library").0, 200);
    let data = second.data();
    create(&data, &["later"]);
    until(|| second.get("/api/v1/library").0 == 401);
    std::fs::remove_file(data.join("keys.toml")).unwrap();
    let third = server(second.kill(), &[]);
    assert_closed(&third, "for keys came after it was opened");
    let fourth = server(third.kill(), &["--allow-anonymous"]);

    assert!(
        fourth.said.contains("WARN") && fourth.said.contains("allow_anonymous"),
        "{}",
        fourth.said
    );
    assert_eq!(fourth.get("/api/v1/library").0, 200);
    let fifth = server(fourth.kill(), &[]);
    assert_closed(&fifth, "for that was for one start");
}

#[test]
fn keys_that_are_made_and_revoked_side_by_side_are_all_kept_and_gone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    create(&data, &["first"]);

    std::thread::scope(|scope| {
        for number in 0..6 {
            let data = &data;
            scope.spawn(move || create(data, &[&format!("k{number}")]));
        }
        scope.spawn(|| succeed(mcdewey(&data).args(["keys", "revoke", "first"])));
    });

    let listed = succeed(mcdewey(&data).args(["keys", "list", "--json"]));
    let names: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert!(names.len() == 6 && !listed.contains("first"), "{listed}");
}

#[test]
fn what_does_not_concern_a_running_server_leaves_it_open() {
    let server = server(sample_library(), &[]);
    let data = server.data();
    assert_eq!(server.get("/api/v1/library").0, 200);
    let secret = data.with_file_name("secret");
    std::fs::write(&secret, "let me in, please").unwrap();
    let secret = secret.display().to_string();

    let said = fail(mcdewey(&data).args([
        "--listen",
        "127.0.0.1:0",
        "--access-key-file",
        &secret,
        "serve",
    ]));

    assert!(
        said.contains("data directory") || said.contains("another"),
        "{said}"
    );
    assert!(
        !data.join("access-state.toml").exists(),
        "a server that did not start"
    );
    let elsewhere = data.with_file_name("elsewhere.toml").display().to_string();
    create(&data, &["zz", "--keys-file", &elsewhere]);
    succeed(mcdewey(&data).args(["keys", "revoke", "zz", "--keys-file", &elsewhere]));

    assert!(
        !data.join("access-state.toml").exists(),
        "keys of another server"
    );
    assert_eq!(server.get("/api/v1/library").0, 200);

    // The file of the data directory, under another spelling, is its own.
    let own = format!("{}/../data/keys.toml", data.display());
    create(&data, &["own", "--keys-file", &own]);
    until(|| server.get("/api/v1/library").0 == 401);
    assert!(data.join("access-state.toml").exists());
}

#[test]
fn wrong_keys_are_limited_and_good_ones_are_not() {
    let folder = sample_library();
    let key = create(&folder.path().join("data"), &["portal"]);
    let server = server(folder, &[]);
    let refused =
        (0..500).map(|number| get(&server, "/api/v1/library", &format!("mcd_{number}")).0);

    assert!(
        refused.into_iter().any(|status| status == 429),
        "500 wrong keys within seconds"
    );
    assert_eq!(get(&server, "/api/v1/library", &key).0, 200);
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn a_key_for_one_product_opens_that_product() {
    let folder = sample_library();
    let data = folder.path().join("data");
    let whole = create(&data, &["all"]);
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
    let limited = create(&data, &["partner", "--product", &all[0]]);

    until(|| {
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

    let refused: Value =
        serde_json::from_str(&get(&server, "/api/v1/search?q=x&product=nothere", &limited).1)
            .unwrap();
    assert_eq!(refused["known"], json!([all[0]]));
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_library", "arguments": {}},
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
fn a_server_for_strangers_wants_a_key_before_it_starts() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let said = fail(mcdewey(&data).args(["--listen", "0.0.0.0:0", "serve"]));

    assert!(
        said.contains("mcdewey keys create") && said.contains("--allow-anonymous"),
        "{said}"
    );
    assert!(!data.exists(), "nothing was begun");
}

/// A certificate for this machine, signed by itself.
fn certificate(folder: &Path) -> rcgen::CertifiedKey<rcgen::KeyPair> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()])
        .unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    made
}

/// A client that trusts this certificate only.
fn trusting(made: &rcgen::CertifiedKey<rcgen::KeyPair>) -> ureq::Agent {
    use ureq::tls::{Certificate, RootCerts, TlsConfig};

    let root = Certificate::from_der(made.cert.der()).to_owned();
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
fn strangers_are_answered_with_tls_and_a_new_certificate_needs_no_restart() {
    let folder = sample_library();
    let (data, place) = (folder.path().join("data"), folder.path().to_owned());
    let first = certificate(&place);
    let file = |name: &str| place.join(name).display().to_string();

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

    let answers = |made: &rcgen::CertifiedKey<rcgen::KeyPair>| {
        let url = format!("{}/api/v1/search?q=barge", server.address);
        trusting(made)
            .get(url)
            .call()
            .is_ok_and(|response| response.status() == 200)
    };

    assert!(answers(&first));
    let found = succeed(mcdewey(&data).args(["search", "--json", "barge"]));
    assert!(
        found.contains(&server.address),
        "links lead to where everybody comes in: {found}"
    );
    std::fs::write(place.join("cert.pem"), "broken").unwrap();
    std::thread::sleep(Duration::from_secs(3));

    assert!(
        answers(&first),
        "a broken certificate leaves the old one in use"
    );
    let second = certificate(&place);
    until(|| answers(&second));
    assert!(!answers(&first));
    assert!(server.terminate().success());
}

#[test]
fn a_certificate_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::write(folder.path().join("cert.pem"), "nothing").unwrap();
    let cert = folder.path().join("cert.pem").display().to_string();

    let said = fail(mcdewey(&data).args([
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        &cert,
        "--tls-key",
        &cert,
        "serve",
    ]));

    assert!(
        said.contains("cert.pem") && said.contains("cannot be used"),
        "{said}"
    );
    let said = fail(mcdewey(&data).args(["--tls-cert", &cert, "serve"]));
    assert!(said.contains("--tls-key"), "{said}");
}

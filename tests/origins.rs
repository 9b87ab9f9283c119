//! Which hosts and web pages may send requests. The requests are written byte for byte, because
//! HTTP client libraries would normalise or reject them before they reach the server.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::Server;

/// Sends a request verbatim; returns the status and the whole response.
fn send(server: &Server, request: &str) -> (u16, String) {
    let address = server.address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();

    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());

    (
        status.unwrap_or_else(|| panic!("no status in {answer:?}")),
        answer,
    )
}

/// A request to an interface, from a page or from no page.
fn post(path: &str, host: &str, origin: Option<&str>) -> String {
    let body = match path {
        "/feedback" => "q=barge&none=1",
        "/mcp" | "/mcp/openai" => r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}"#,
        _ => r#"{"q": "barge"}"#,
    };

    let kind = if path == "/feedback" {
        "application/x-www-form-urlencoded"
    } else {
        "application/json"
    };

    let origin = origin
        .map(|origin| format!("Origin: {origin}\r\n"))
        .unwrap_or_default();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\n{origin}Content-Type: {kind}\r\nAccept: */*\r\n\
         Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn every_interface_applies_the_same_origin_rule() {
    let server = Server::over_sample_library();
    let host = server.address.strip_prefix("http://").unwrap();
    for path in ["/mcp", "/mcp/openai", "/api/v1/search", "/feedback"] {
        for foreign in [
            "https://evil.example",
            "null",
            "http://127.0.0.1:1",
            "http://127.0.0.1",
            "http://localhost:6274",
            &format!("http://{host}.evil.example"),
            &format!("http://{host}@evil.example"),
            &format!("http://{host}/"),
            &format!("http://{host}, http://{host}"),
            "http://127.0.0.1:8080.evil.example",
        ] {
            let (status, answer) = send(&server, &post(path, host, Some(foreign)));
            assert!(
                status == 403 && answer.contains("origin_not_allowed"),
                "{path} from {foreign}: {answer}"
            );
            assert!(
                !answer.to_lowercase().contains("access-control-allow"),
                "{path} from {foreign}: {answer}"
            );
        }

        let twice = format!("http://{host}\r\nOrigin: http://{host}");
        assert_eq!(
            send(&server, &post(path, host, Some(&twice))).0,
            403,
            "{path}: two origins"
        );

        for own in [None, Some(format!("http://{host}"))] {
            let (status, answer) = send(&server, &post(path, host, own.as_deref()));
            assert!(
                !answer.contains("origin_not_allowed"),
                "{path} from {own:?}: {answer}"
            );

            // By default, feedback requires a key.
            assert_eq!(
                status,
                if path == "/feedback" { 403 } else { 200 },
                "{path} from {own:?}: {answer}"
            );
        }
    }
}

fn get_without_host(server: &Server, path: &str) -> (u16, String) {
    send(server, &format!("GET {path} HTTP/1.0\r\n\r\n"))
}

#[test]
fn every_interface_applies_the_same_host_rule() {
    let server = Server::over_sample_library();
    let own = server.address.strip_prefix("http://").unwrap();
    for path in ["/mcp", "/mcp/openai", "/api/v1/search"] {
        for host in [
            "evil.example",
            "127.0.0.1:8080.evil.example",
            "localhost.evil.example",
            "user@127.0.0.1",
            "127.0.0.1.",
            "[::ffff:127.0.0.1]",
            "",
            &format!("{own}\r\nHost: evil.example"),
            &format!("{own}\r\nHost: {own}"),
        ] {
            let (status, answer) = send(&server, &post(path, host, None));
            assert!(matches!(status, 400 | 403), "{path} at {host:?}: {answer}");
        }

        let elsewhere =
            post(path, own, None).replacen(path, &format!("http://evil.example{path}"), 1);
        assert_eq!(
            send(&server, &elsewhere).0,
            403,
            "{path}: the host of the request line counts"
        );
        assert_eq!(
            send(&server, &post(path, "localhost", None)).0,
            200,
            "{path}"
        );
    }

    for path in ["/", "/api/v1/library", "/metrics"] {
        assert_eq!(get_without_host(&server, path).0, 403, "{path}: no host");
    }

    // Load balancers send such requests; the response reveals nothing about the library.
    for path in ["/healthz", "/readyz"] {
        let (status, answer) = get_without_host(&server, path);
        assert!(
            status == 200 && !answer.contains("documents"),
            "{path}: {answer}"
        );

        let other = send(
            &server,
            &format!("GET {path} HTTP/1.0\r\nHost: evil.example\r\n\r\n"),
        );

        assert_eq!(other.0, 403, "{path}: another host");
    }

    assert_eq!(
        send(
            &server,
            &format!("GET /healthz HTTP/1.0\r\nHost: {own}\r\n\r\n")
        )
        .0,
        200
    );
}

//! Stalled clients: however many connections are silent, slow or endless, the server answers a
//! normal client, and disconnects each stalled one after its timeout.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use tempfile::TempDir;

use crate::support::{mcdewey, print_line, repository, sample_library, skip, succeed, wait_until};

/// A normal client is answered within a second; a machine that runs other tests at the same time
/// may take longer.
const PATIENCE: Duration = Duration::from_secs(4);
/// For what the server does after a timeout of its own.
const LONG: Duration = Duration::from_secs(20);
/// More connections than a common limit on open files (1024) allows.
const MANY: usize = 1100;
/// How often a health check is tried before it counts as failed.
const HEALTH_TRIES: usize = 3;

/// A running server with its own limits, which logs to a file.
struct Server {
    child: Child,
    address: String,
    log: PathBuf,
    folder: TempDir,
    _exclusive: MutexGuard<'static, ()>,
}

impl Server {
    /// A server started after the shell command `open_files`, with these settings.
    fn start(open_files: &str, settings: &str) -> Self {
        Self::start_in(sample_library(), open_files, settings, &[])
    }

    fn start_in(folder: TempDir, open_files: &str, settings: &str, arguments: &[&str]) -> Self {
        // Concurrent floods would measure each other.
        static EXCLUSIVE: Mutex<()> = Mutex::new(());

        let exclusive = EXCLUSIVE.lock().unwrap_or_else(PoisonError::into_inner);
        std::fs::write(folder.path().join("mcdewey.toml"), settings).unwrap();
        let log = folder.path().join("log");
        let program = mcdewey(&folder.path().join("data"));
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{open_files}; exec \"$@\""), "sh"]);
        command.arg(program.get_program()).args(program.get_args());

        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }

        command
            .current_dir(folder.path())
            .args(["--listen", "127.0.0.1:0", "--corpus"])
            .arg(repository().join("corpus"));
        command.args(arguments).args(["serve", "--no-ingest"]);
        let mut child = command
            .stdin(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();

        let mut address = String::new();
        wait_until(LONG, || {
            assert!(
                child.try_wait().unwrap().is_none(),
                "{}",
                std::fs::read_to_string(&log).unwrap()
            );

            let log = std::fs::read_to_string(&log).unwrap();
            let line = log
                .lines()
                .find_map(|line| line.strip_prefix("McDewey answers at "));
            address = line.unwrap_or_default().to_owned();
            !address.is_empty() && log.ends_with('\n')
        });

        Self {
            child,
            address,
            log,
            folder,
            _exclusive: exclusive,
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    fn connect(&self) -> TcpStream {
        let (_, address) = self.address.split_once("://").unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// Opens a connection and sends this.
    fn connect_and_send(&self, sent: impl AsRef<[u8]>) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(sent.as_ref()).unwrap();
        stream
    }

    /// Sends a GET on a new connection; returns the status and how long the response took.
    fn timed_get(&self, agent: &ureq::Agent, path: &str) -> Result<(u16, Duration), ureq::Error> {
        let began = Instant::now();
        let mut response = agent.get(format!("{}{path}", self.address)).call()?;
        response.body_mut().read_to_vec()?;
        Ok((response.status().as_u16(), began.elapsed()))
    }

    /// Requires that a normal client is answered; returns how long the slowest response took.
    fn serve_normal_client(&self, agent: impl Fn() -> ureq::Agent) -> Duration {
        let paths = ["/healthz", "/api/v1/search?q=barge", "/readyz"];
        let durations = paths.map(|path| match self.timed_get(&agent(), path) {
            Ok((200, took)) => took,
            other => panic!("{path}: {other:?}\n{}", self.log()),
        });

        durations.into_iter().max().unwrap()
    }

    /// The sum of the metric's series whose names begin with this.
    fn metric(&self, series: &str) -> f64 {
        let text = agent()
            .get(format!("{}/metrics", self.address))
            .call()
            .unwrap()
            .body_mut()
            .read_to_string()
            .unwrap();

        let values = text.lines().filter_map(|line| {
            line.strip_prefix(series)?
                .rsplit(' ')
                .next()?
                .parse::<f64>()
                .ok()
        });

        values.sum()
    }

    /// How many files it has open.
    fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).map_or(0, Iterator::count)
    }

    /// Opens many stalled connections and requires that a normal client is answered meanwhile;
    /// returns how long it waited at most.
    fn with_stalled_connections(
        &self,
        count: usize,
        connect: impl Fn(&Self) -> TcpStream,
        agent: impl Fn() -> ureq::Agent,
    ) -> Duration {
        let mut slowest = Duration::ZERO;
        let mut stalled = Vec::new();
        for number in 1..=count {
            stalled.push(connect(self));
            if number.is_multiple_of(100) || number == count {
                slowest = slowest.max(self.serve_normal_client(&agent));
            }
        }

        slowest
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client with its own connection and a short timeout.
fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None);
    config.timeout_global(Some(PATIENCE)).build().into()
}

/// Whether this process may open as many files as a test needs.
fn may_open(test: &str, files: u64) -> bool {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };

    if setrlimit(Resource::Nofile, raised).is_ok()
        && limit.maximum.is_none_or(|maximum| maximum >= files)
    {
        return true;
    }

    skip(
        test,
        &format!("a process may open fewer than {files} files here"),
    );

    false
}

/// Reads until the server closes the connection, which it must.
fn read_until_closed(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        // The server no longer reads what was sent after its response.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the server did not close the connection: {error}"),
    }

    String::from_utf8_lossy(&bytes).into_owned()
}

const SILENT: &str = "";
const PARTIAL_HEAD: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Half";
const PARTIAL_HEAD_HTTP_1_0: &str = "GET /healthz HTTP/1.0\r\nX-Half";
const IDLE: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
const UNFINISHED_BODY: &str = "POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\n\
    Content-Type: application/json\r\n\
    Content-Length: 1000\r\n\r\n{";
const UNFINISHED_CHUNKS: &str = "POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\n\
    Content-Type: application/json\r\n\
    Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n";
const UNFINISHED_BODY_HTTP_1_0: &str = "POST /api/v1/search HTTP/1.0\r\nHost: localhost\r\n\
    Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
const MCP_STREAM: &str = "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\
    Mcp-Protocol-Version: 2025-11-25\r\nMcp-Session-Id: 1\r\n\r\n";
const UNFINISHED_MCP_CALL: &str = "POST /mcp HTTP/1.1\r\nHost: localhost\r\n\
    Content-Type: application/json\r\n\
    Accept: application/json, text/event-stream\r\n\
    Mcp-Protocol-Version: 2025-11-25\r\n\
    Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n";
const HTTP_2_PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// An HTTP/2 request from a client with a flow-control window of zero: it accepts no body.
fn http2_without_window() -> Vec<u8> {
    let no_window = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let get = [b"\x82\x84\x86\x41\x09".as_slice(), b"localhost"].concat();
    [HTTP_2_PREFACE.as_bytes(), &no_window, &frame(1, 5, 1, &get)].concat()
}

/// An HTTP/2 request whose body never arrives.
fn http2_unfinished_body() -> Vec<u8> {
    let path = b"\x83\x86\x44\x0e/api/v1/search".as_slice();
    let post = [path, b"\x41\x09localhost", b"\x5f\x10application/json"].concat();
    [
        HTTP_2_PREFACE.as_bytes(),
        &frame(4, 0, 0, &[]),
        &frame(1, 4, 1, &post),
    ]
    .concat()
}

#[test]
fn many_stalled_clients_do_not_delay_a_normal_one() {
    if !may_open("many_stalled_clients_do_not_delay_a_normal_one", 4096) {
        return;
    }

    // The default timeouts are longer than this test: they cannot help.
    let server = Server::start("ulimit -Sn 1024", "");
    for (what, count, sent) in [
        ("silent connections", MANY, SILENT),
        ("partial heads", MANY, PARTIAL_HEAD),
        ("partial HTTP/1.0 heads", MANY, PARTIAL_HEAD_HTTP_1_0),
        ("idle connections", MANY, IDLE),
        ("unfinished bodies", MANY, UNFINISHED_BODY),
        ("unfinished chunks", MANY, UNFINISHED_CHUNKS),
        ("unfinished HTTP/1.0 bodies", MANY, UNFINISHED_BODY_HTTP_1_0),
        ("MCP streams", 2000, MCP_STREAM),
        ("unfinished MCP calls", MANY, UNFINISHED_MCP_CALL),
        ("HTTP/2 prefaces", MANY, HTTP_2_PREFACE),
    ] {
        let slowest =
            server.with_stalled_connections(count, |server| server.connect_and_send(sent), agent);
        print_line(&format!(
            "{count} {what}: a normal client waited {} ms at most",
            slowest.as_millis()
        ));
    }

    for (what, sent) in [
        ("HTTP/2 requests without a window", http2_without_window()),
        ("unfinished HTTP/2 bodies", http2_unfinished_body()),
    ] {
        let slowest =
            server.with_stalled_connections(MANY, |server| server.connect_and_send(&sent), agent);
        print_line(&format!(
            "{MANY} {what}: a normal client waited {} ms at most",
            slowest.as_millis()
        ));
    }

    let (limit, cut) = (
        server.metric("mcdewey_connections_limit"),
        server.metric("mcdewey_connections_cut_total"),
    );
    assert!(limit >= 500.0 && cut > 0.0, "{limit} {cut}");
    assert!(server.metric("mcdewey_connections_open") <= limit + 64.0);
    let log = server.log();

    assert!(
        log.contains("raised the limit of open files") && log.contains("connections is limited"),
        "{log}"
    );
    assert!(log.contains("the connection limit is reached"), "{log}");
    assert!(
        log.lines().count() < 100,
        "many connections must not flood the log: {}",
        log.lines().count()
    );
}

#[test]
fn a_low_limit_on_open_files_is_never_reached() {
    if !may_open("a_low_limit_on_open_files_is_never_reached", 4096) {
        return;
    }

    for open_files in [256, 1024] {
        // The limit of the system takes precedence over both settings.
        let settings = "[limits]\nconnections = 100000\nconnections_per_address = 100000";
        let server = Server::start(&format!("ulimit -n {open_files}"), settings);
        let most_open = AtomicUsize::new(0);

        let connect = |server: &Server| {
            let stream = server.connect();
            most_open.fetch_max(server.open_files(), Ordering::Relaxed);
            stream
        };

        let slowest = server.with_stalled_connections(MANY, connect, agent);
        let open = most_open.into_inner();
        print_line(&format!(
            "{open} of {open_files} files open: a normal client waited {} ms at most",
            slowest.as_millis()
        ));
        assert!(open < open_files, "{open} of {open_files} are open");
        let log = server.log();

        assert!(
            log.contains("leaves room for fewer connections")
                && !log.contains("cannot be accepted"),
            "{log}"
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_out_of_file_descriptors_logs_it_and_makes_room() {
    let server = Server::start(":", "");
    server.serve_normal_client(agent);

    // Lowers the limit of the running server: another process that shares its limit has that
    // effect.
    let few = u64::try_from(server.open_files() + 10).unwrap();
    let limit = Rlimit {
        current: Some(few),
        maximum: Some(few),
    };

    rustix::process::prlimit(
        Some(Pid::from_child(&server.child)),
        Resource::Nofile,
        limit,
    )
    .unwrap();

    let slowest = server.with_stalled_connections(200, Server::connect, agent);
    print_line(&format!(
        "with ten files left: a normal client waited {} ms at most",
        slowest.as_millis()
    ));
    let log = server.log();
    let reports = log.matches("a connection cannot be accepted").count();

    assert!(
        (1..10).contains(&reports),
        "reported {reports} times: {log}"
    );
}

/// A folder with a certificate, and clients that trust it.
fn sample_library_with_certificate() -> (TempDir, ureq::Agent, Arc<rustls::ClientConfig>) {
    use ureq::tls::{Certificate, RootCerts, TlsConfig};

    let folder = sample_library();
    let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(
        folder.path().join("key.pem"),
        certificate.signing_key.serialize_pem(),
    )
    .unwrap();

    std::fs::write(folder.path().join("cert.pem"), certificate.cert.pem()).unwrap();
    let root = Certificate::from_der(certificate.cert.der()).to_owned();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&[root]))
        .build();

    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .tls_config(tls);

    let agent = config
        .timeout_global(Some(PATIENCE))
        .max_idle_connections(0)
        .build()
        .into();

    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());

    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();

    (
        folder,
        agent,
        Arc::new(client.with_root_certificates(roots).with_no_client_auth()),
    )
}

const TLS: [&str; 4] = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];

/// A server with TLS, a client that trusts it, and a function that connects and stalls after the
/// handshake.
fn start_with_tls(
    open_files: &str,
    settings: &str,
) -> (Server, ureq::Agent, impl Fn(&Server) -> TcpStream) {
    let (folder, agent, client) = sample_library_with_certificate();
    let server = Server::start_in(folder, open_files, settings, &TLS);
    let connect = move |server: &Server| {
        let mut stream = server.connect();
        let name = "127.0.0.1".try_into().unwrap();
        let mut tls = rustls::ClientConnection::new(Arc::clone(&client), name).unwrap();
        while tls.is_handshaking() || tls.wants_write() {
            tls.complete_io(&mut stream).unwrap();
        }
        stream
    };

    (server, agent, connect)
}

#[test]
fn many_stalled_tls_clients_do_not_delay_a_normal_one() {
    if !may_open("many_stalled_tls_clients_do_not_delay_a_normal_one", 4096) {
        return;
    }

    let (server, agent, stall_after_handshake) = start_with_tls("ulimit -n 1024", "");
    let slowest = server.with_stalled_connections(MANY, Server::connect, || agent.clone());
    print_line(&format!(
        "{MANY} silent TLS connections: a normal client waited {} ms at most",
        slowest.as_millis()
    ));
    let partial_hello = "\u{16}\u{3}\u{1}";

    let slowest = server.with_stalled_connections(
        MANY,
        |server| server.connect_and_send(partial_hello),
        || agent.clone(),
    );

    print_line(&format!(
        "{MANY} partial handshakes: a normal client waited {} ms at most",
        slowest.as_millis()
    ));
    let slowest = server.with_stalled_connections(MANY, stall_after_handshake, || agent.clone());
    print_line(&format!(
        "{MANY} silent after the handshake: a normal client waited {} ms at most",
        slowest.as_millis()
    ));

    // Commands on this machine use a separate listener.
    let stalled: Vec<TcpStream> = (0..MANY).map(|_| server.connect()).collect();
    let data = server.folder.path().join("data");
    let began = Instant::now();
    assert!(succeed(mcdewey(&data).args(["search", "--json", "barge"])).contains("chunk_id"));

    print_line(&format!(
        "a command on the same machine took {} ms",
        began.elapsed().as_millis()
    ));
    drop(stalled);
    let log = server.log();

    assert!(
        log.contains("the connection limit is reached") && !log.contains("cannot be accepted"),
        "{log}"
    );
}

const SHORT: &str = "[limits]\nheader_ms = 1000\nidle_ms = 1500\nbody_ms = 1000\nwrite_ms = 1000\n";

#[test]
fn stalled_clients_are_disconnected_in_time() {
    let server = Server::start(":", SHORT);

    // The shortest timeout is a second.
    let send_and_stall = |sent: &[u8]| {
        let began = Instant::now();
        let answer = read_until_closed(&mut server.connect_and_send(sent));
        assert!(
            began.elapsed() > Duration::from_millis(900),
            "cut off after {:?}: {answer}",
            began.elapsed()
        );
        answer
    };

    std::thread::scope(|scope| {
        for sent in [SILENT, PARTIAL_HEAD, PARTIAL_HEAD_HTTP_1_0, HTTP_2_PREFACE] {
            scope.spawn(move || {
                assert!(
                    !send_and_stall(sent.as_bytes()).contains("200 OK"),
                    "{sent:?}"
                )
            });
        }

        scope.spawn(|| assert!(send_and_stall(IDLE.as_bytes()).starts_with("HTTP/1.1 200 OK")));
        scope.spawn(|| assert!(send_and_stall(MCP_STREAM.as_bytes()).starts_with("HTTP/1.1 405 ")));
        for sent in [
            UNFINISHED_BODY,
            UNFINISHED_CHUNKS,
            UNFINISHED_BODY_HTTP_1_0,
            UNFINISHED_MCP_CALL,
        ] {
            scope.spawn(move || {
                let answer = send_and_stall(sent.as_bytes());
                assert!(
                    answer.contains(" 408 ") && answer.contains("\"code\":\"request_timeout\""),
                    "{answer}"
                );
            });
        }

        scope.spawn(|| {
            assert!(send_and_stall(&http2_unfinished_body()).contains("request_timeout"))
        });
        scope.spawn(|| assert!(!send_and_stall(&http2_without_window()).contains("<html")));
    });

    for (reason, at_least) in [("header", 4.0), ("idle", 3.0), ("write", 1.0)] {
        let series = format!("mcdewey_connections_cut_total{{reason=\"{reason}_timeout\"}}");
        assert!(
            server.metric(&series) >= at_least,
            "{series} {}",
            server.metric(&series)
        );
    }

    server.serve_normal_client(agent);
}

#[test]
fn a_byte_now_and_then_does_not_extend_a_timeout() {
    let server = Server::start(":", SHORT);
    let trickle = |sent: &str| {
        let mut stream = server.connect_and_send(sent);
        let (began, mut cut_off) = (Instant::now(), false);
        while !cut_off && began.elapsed() < LONG {
            // The subject of this test: a client that sends a few bytes now and then.
            std::thread::sleep(Duration::from_millis(100));
            cut_off = stream.write_all(b"1\r\n \r\n").is_err();
        }

        assert!(cut_off, "{sent:?} was read for {LONG:?}");
    };

    std::thread::scope(|scope| {
        let header = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
        let after_a_response = format!("{IDLE}{header}");
        scope.spawn(|| trickle("GET /"));
        scope.spawn(move || trickle(header));
        scope.spawn(move || trickle(&after_a_response));
        scope.spawn(|| trickle(UNFINISHED_CHUNKS));
        scope.spawn(|| trickle(UNFINISHED_MCP_CALL));
    });
}

#[test]
fn a_response_that_is_not_read_is_abandoned() {
    let server = Server::start(":", SHORT);

    // The responses are larger than the buffers of both ends.
    let mut stream = server.connect();
    stream
        .set_write_timeout(Some(Duration::from_millis(200)))
        .unwrap();

    let request = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
    for _ in 0..20 {
        if stream.write_all(request.as_bytes()).is_err() {
            break;
        }
    }

    wait_until(LONG, || {
        server.metric("mcdewey_connections_cut_total{reason=\"write_timeout\"}") == 1.0
    });
}

#[test]
fn stalled_tls_connections_are_closed_in_time() {
    let (server, agent, stall_after_handshake) = start_with_tls(":", SHORT);
    read_until_closed(&mut server.connect());
    read_until_closed(&mut server.connect_and_send("\u{16}\u{3}\u{1}"));
    read_until_closed(&mut stall_after_handshake(&server));
    assert!(server.serve_normal_client(|| agent.clone()) < PATIENCE);
}

#[test]
fn http_1_0_and_1_1_are_served_over_tls() {
    let (folder, _, client) = sample_library_with_certificate();
    let server = Server::start_in(folder, ":", SHORT, &TLS);
    for (version, protocol) in [
        ("1.0", "http/1.0"),
        ("1.1", "http/1.1"),
        ("1.0", ""),
        ("1.1", ""),
    ] {
        let mut client = rustls::ClientConfig::clone(&client);
        client.alpn_protocols = [protocol]
            .iter()
            .filter(|name| !name.is_empty())
            .map(|name| name.as_bytes().to_vec())
            .collect();

        let name = "127.0.0.1".try_into().unwrap();
        let mut tls = rustls::ClientConnection::new(Arc::new(client), name).unwrap();
        let mut stream = server.connect();
        let mut stream = rustls::Stream::new(&mut tls, &mut stream);
        let request =
            format!("GET /healthz HTTP/{version}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();

        assert!(
            answer.starts_with(&format!("HTTP/{version} 200 OK")),
            "{protocol}: {answer}"
        );
    }
}

#[test]
fn health_checks_are_answered_at_capacity() {
    // One search at a time, for which the others wait, and few connections.
    let server = Server::start(
        ":",
        "[limits]\nsearches = 1\nconnections = 8\nconnections_per_address = 8\n",
    );
    let stop = AtomicBool::new(false);
    let statuses = Mutex::new(Vec::new());

    std::thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let response =
                        server.timed_get(&agent(), "/api/v1/search?q=barge+supervisor&limit=50");
                    statuses
                        .lock()
                        .unwrap()
                        .push(response.map_or(0, |(status, _)| status));
                }
            });
        }

        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end {
            for path in ["/healthz", "/readyz"] {
                // With eight slots, a new connection that is slow to send its request may be closed
                // to make room for others. Orchestrators retry a failed health check, so this test
                // does.
                let mut tries = (0..HEALTH_TRIES).map(|_| server.timed_get(&agent(), path));
                let response = tries
                    .find(Result::is_ok)
                    .unwrap_or_else(|| server.timed_get(&agent(), path));

                if !matches!(response, Ok((200, _))) {
                    stop.store(true, Ordering::Relaxed);
                    panic!("{path}: {response:?}\n{}", server.log());
                }
            }
        }

        stop.store(true, Ordering::Relaxed);
    });

    let statuses = statuses.into_inner().unwrap();
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    let (answered, rejected) = (count(200), count(503));

    print_line(&format!(
        "{} searches: {answered} answered, {rejected} rejected",
        statuses.len()
    ));
    assert!(answered > 0 && rejected > 0, "{statuses:?}");
    assert!(server.metric("mcdewey_connections_over_capacity_total") >= 1.0);
}

#[test]
fn shutdown_does_not_wait_for_stalled_clients() {
    let mut server = Server::start(":", "");
    let _stalled: Vec<TcpStream> = [SILENT, IDLE, PARTIAL_HEAD, UNFINISHED_BODY]
        .into_iter()
        .map(|sent| server.connect_and_send(sent))
        .collect();
    server.serve_normal_client(agent);
    let began = Instant::now();
    kill_process(Pid::from_child(&server.child), Signal::TERM).unwrap();
    assert!(server.child.wait().unwrap().success());
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

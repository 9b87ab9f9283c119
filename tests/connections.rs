//! Clients that keep the server waiting, with the real program: however many are silent, slow or without end, a normal
//! client is answered; and each of them is cut off in its time.

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

use crate::support::{mcdewey, repository, sample_library, say, skip, succeed};

/// A normal client is answered within a second; a machine that runs other tests besides is given more.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long something may take that the server does in its own time.
const LONG: Duration = Duration::from_secs(20);
/// A hundred connections below a common limit of open files, and more than a hundred above it.
const CROWD: usize = 1100;
/// How often a health check is tried before the server counts as ill.
const HEALTH_TRIES: usize = 3;

/// A running server with limits of its own, whose log is kept.
struct Server {
    child: Child,
    address: String,
    log: PathBuf,
    folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Server {
    /// A server that may have so many files open, with these settings.
    fn start(open_files: &str, settings: &str) -> Self {
        Self::start_in(sample_library(), open_files, settings, &[])
    }

    fn start_in(folder: TempDir, open_files: &str, settings: &str, arguments: &[&str]) -> Self {
        // Floods in the way of each other would measure themselves.
        static TURN: Mutex<()> = Mutex::new(());

        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        std::fs::write(folder.path().join("mcdewey.toml"), settings).unwrap();
        let log = folder.path().join("log");
        let program = mcdewey(&folder.path().join("data"));
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{open_files}; exec \"$@\""), "sh"]);
        command.arg(program.get_program()).args(program.get_args());

        for (name, value) in program.get_envs() {
            assert!(value.is_none(), "nothing is set but the settings");
            command.env_remove(name);
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
        until("the server answers", || {
            assert!(
                child.try_wait().unwrap().is_none(),
                "{}",
                std::fs::read_to_string(&log).unwrap()
            );

            let said = std::fs::read_to_string(&log).unwrap();
            let line = said
                .lines()
                .find_map(|line| line.strip_prefix("McDewey answers at "));
            address = line.unwrap_or_default().to_owned();
            !address.is_empty() && said.ends_with('\n')
        });

        Self {
            child,
            address,
            log,
            folder,
            _turn: turn,
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

    /// A connection on which this was sent.
    fn sending(&self, sent: impl AsRef<[u8]>) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(sent.as_ref()).unwrap();
        stream
    }

    /// The status of an answer to a client that comes anew, and how long it took.
    fn asked(&self, agent: &ureq::Agent, path: &str) -> Result<(u16, Duration), ureq::Error> {
        let began = Instant::now();
        let mut answer = agent.get(format!("{}{path}", self.address)).call()?;
        answer.body_mut().read_to_vec()?;
        Ok((answer.status().as_u16(), began.elapsed()))
    }

    /// A normal client gets its answers; gives how long the slowest took.
    fn answers(&self, agent: impl Fn() -> ureq::Agent) -> Duration {
        let paths = ["/healthz", "/api/v1/search?q=barge", "/readyz"];
        let asked = paths.map(|path| match self.asked(&agent(), path) {
            Ok((200, took)) => took,
            other => panic!("{path}: {other:?}\n{}", self.log()),
        });

        asked.into_iter().max().unwrap()
    }

    /// The sum of the series whose name begins so.
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

    /// The files it has open.
    fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).map_or(0, Iterator::count)
    }

    /// Opens as many connections as a crowd has, of which each does this and then nothing; all the while a normal client
    /// is answered. Gives how long it waited at most.
    fn crowded(
        &self,
        many: usize,
        join: impl Fn(&Self) -> TcpStream,
        agent: impl Fn() -> ureq::Agent,
    ) -> Duration {
        let mut slowest = Duration::ZERO;
        let mut crowd = Vec::new();
        for number in 1..=many {
            crowd.push(join(self));
            if number.is_multiple_of(100) || number == many {
                slowest = slowest.max(self.answers(&agent));
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

/// A client with a connection of its own and little patience.
fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None);
    config.timeout_global(Some(PATIENCE)).build().into()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < end, "not within {LONG:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whether this process may open as many connections as a test needs.
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
        &format!("this machine lets a process open fewer than {files} files"),
    );

    false
}

/// What comes until the server closes the connection; it must.
fn read_to_the_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        // What was sent after the end of an answer is not read any more.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the server did not close the connection: {error}"),
    }

    String::from_utf8_lossy(&bytes).into_owned()
}

const SILENT: &str = "";
const HALF_A_HEAD: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Half";
const HALF_A_HEAD_OF_1_0: &str = "GET /healthz HTTP/1.0\r\nX-Half";
const IDLE: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
const BODY_WITHOUT_END: &str = "POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                                Content-Length: 1000\r\n\r\n{";
const CHUNKS_WITHOUT_END: &str = "POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                                  Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n";
const BODY_OF_1_0: &str = "POST /api/v1/search HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
const MCP_STREAM: &str = "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\
                          Mcp-Protocol-Version: 2025-11-25\r\nMcp-Session-Id: 1\r\n\r\n";
const MCP_CALL_WITHOUT_END: &str = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                                    Accept: application/json, text/event-stream\r\n\
                                    Mcp-Protocol-Version: 2025-11-25\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n";
const PREFACE_OF_2: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// A request over HTTP/2 from a client that takes nothing of any body.
fn http2_without_window() -> Vec<u8> {
    let no_window = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let get = [b"\x82\x84\x86\x41\x09".as_slice(), b"localhost"].concat();
    [PREFACE_OF_2.as_bytes(), &no_window, &frame(1, 5, 1, &get)].concat()
}

/// A request over HTTP/2 whose body does not come.
fn http2_body_without_end() -> Vec<u8> {
    let path = b"\x83\x86\x44\x0e/api/v1/search".as_slice();
    let post = [path, b"\x41\x09localhost", b"\x5f\x10application/json"].concat();
    [
        PREFACE_OF_2.as_bytes(),
        &frame(4, 0, 0, &[]),
        &frame(1, 4, 1, &post),
    ]
    .concat()
}

#[test]
fn a_crowd_that_keeps_the_server_waiting_keeps_nobody_else_waiting() {
    if !may_open(
        "a_crowd_that_keeps_the_server_waiting_keeps_nobody_else_waiting",
        4096,
    ) {
        return;
    }

    // The timeouts are those of a server without settings: none of them helps within this test.
    let server = Server::start("ulimit -Sn 1024", "");
    for (what, many, sent) in [
        ("silent connections", CROWD, SILENT),
        ("halves of a head", CROWD, HALF_A_HEAD),
        ("halves of a head of HTTP/1.0", CROWD, HALF_A_HEAD_OF_1_0),
        ("idle connections", CROWD, IDLE),
        ("bodies without end", CROWD, BODY_WITHOUT_END),
        ("chunks without end", CROWD, CHUNKS_WITHOUT_END),
        ("bodies of HTTP/1.0 without end", CROWD, BODY_OF_1_0),
        ("streams of MCP", 2000, MCP_STREAM),
        ("calls of MCP without end", CROWD, MCP_CALL_WITHOUT_END),
        ("prefaces of HTTP/2", CROWD, PREFACE_OF_2),
    ] {
        let slowest = server.crowded(many, |server| server.sending(sent), agent);
        say(&format!(
            "{many} {what}: a normal client waited {} ms at most",
            slowest.as_millis()
        ));
    }

    for (what, sent) in [
        (
            "requests of HTTP/2 that take nothing",
            http2_without_window(),
        ),
        ("bodies of HTTP/2", http2_body_without_end()),
    ] {
        let slowest = server.crowded(CROWD, |server| server.sending(&sent), agent);
        say(&format!(
            "{CROWD} {what}: a normal client waited {} ms at most",
            slowest.as_millis()
        ));
    }

    let (most, cut) = (
        server.metric("mcdewey_connections_limit"),
        server.metric("mcdewey_connections_cut_total"),
    );
    assert!(most >= 500.0 && cut > 0.0, "{most} {cut}");
    assert!(server.metric("mcdewey_connections_open") <= most + 64.0);
    let log = server.log();

    assert!(
        log.contains("raised the limit of open files") && log.contains("connections is limited"),
        "{log}"
    );
    assert!(log.contains("the limit of connections is reached"), "{log}");
    assert!(
        log.lines().count() < 100,
        "a flood is not a flood of the log: {}",
        log.lines().count()
    );
}

#[test]
fn a_low_limit_of_open_files_is_never_reached() {
    if !may_open("a_low_limit_of_open_files_is_never_reached", 4096) {
        return;
    }

    for open_files in [256, 1024] {
        // Neither setting helps where the system allows less.
        let settings = "[limits]\nconnections = 100000\nconnections_per_address = 100000";
        let server = Server::start(&format!("ulimit -n {open_files}"), settings);
        let most_open = AtomicUsize::new(0);

        let join = |server: &Server| {
            let stream = server.connect();
            most_open.fetch_max(server.open_files(), Ordering::Relaxed);
            stream
        };

        let slowest = server.crowded(CROWD, join, agent);
        let open = most_open.into_inner();
        say(&format!(
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
fn a_server_without_files_says_so_and_makes_room() {
    let server = Server::start(":", "");
    server.answers(agent);

    // The system takes files away from under it, as another process may that shares its limits.
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

    let slowest = server.crowded(200, Server::connect, agent);
    say(&format!(
        "with ten files: a normal client waited {} ms at most",
        slowest.as_millis()
    ));
    let log = server.log();
    let told = log.matches("a connection cannot be accepted").count();

    assert!((1..10).contains(&told), "told {told} times: {log}");
}

/// A folder with a certificate, and a client that trusts it.
fn with_tls() -> (TempDir, ureq::Agent, Arc<rustls::ClientConfig>) {
    use ureq::tls::{Certificate, RootCerts, TlsConfig};

    let folder = sample_library();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(
        folder.path().join("key.pem"),
        made.signing_key.serialize_pem(),
    )
    .unwrap();

    std::fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
    let root = Certificate::from_der(made.cert.der()).to_owned();
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
    roots.add(made.cert.der().clone()).unwrap();
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

/// A server with TLS; a client that trusts it; and how others join it who say nothing after the handshake.
fn start_with_tls(
    open_files: &str,
    settings: &str,
) -> (Server, ureq::Agent, impl Fn(&Server) -> TcpStream) {
    let (folder, agent, client) = with_tls();
    let server = Server::start_in(folder, open_files, settings, &TLS);
    let join = move |server: &Server| {
        let mut stream = server.connect();
        let name = "127.0.0.1".try_into().unwrap();
        let mut tls = rustls::ClientConnection::new(Arc::clone(&client), name).unwrap();
        while tls.is_handshaking() || tls.wants_write() {
            tls.complete_io(&mut stream).unwrap();
        }
        stream
    };

    (server, agent, join)
}

#[test]
fn a_crowd_at_the_tls_port_keeps_nobody_else_waiting() {
    if !may_open("a_crowd_at_the_tls_port_keeps_nobody_else_waiting", 4096) {
        return;
    }

    let (server, agent, shake_hands) = start_with_tls("ulimit -n 1024", "");
    let slowest = server.crowded(CROWD, Server::connect, || agent.clone());
    say(&format!(
        "{CROWD} silent at the TLS port: a normal client waited {} ms at most",
        slowest.as_millis()
    ));
    let half_a_hello = "\u{16}\u{3}\u{1}";

    let slowest = server.crowded(
        CROWD,
        |server| server.sending(half_a_hello),
        || agent.clone(),
    );

    say(&format!(
        "{CROWD} halves of a handshake: a normal client waited {} ms at most",
        slowest.as_millis()
    ));
    let slowest = server.crowded(CROWD, shake_hands, || agent.clone());
    say(&format!(
        "{CROWD} silent after the handshake: a normal client waited {} ms at most",
        slowest.as_millis()
    ));

    // Commands of this machine have a listener of their own.
    let crowd: Vec<TcpStream> = (0..CROWD).map(|_| server.connect()).collect();
    let data = server.folder.path().join("data");
    let began = Instant::now();
    assert!(succeed(mcdewey(&data).args(["search", "--json", "barge"])).contains("chunk_id"));

    say(&format!(
        "a command on the same machine took {} ms",
        began.elapsed().as_millis()
    ));
    drop(crowd);
    let log = server.log();

    assert!(
        log.contains("the limit of connections is reached") && !log.contains("cannot be accepted"),
        "{log}"
    );
}

const SHORT: &str = "[limits]\nheader_ms = 1000\nidle_ms = 1500\nbody_ms = 1000\nwrite_ms = 1000\n";

#[test]
fn whoever_keeps_the_server_waiting_is_cut_off_in_time() {
    let server = Server::start(":", SHORT);

    // What comes back until the connection is closed; nobody's time is over before a second.
    let answered = |sent: &[u8]| {
        let began = Instant::now();
        let answer = read_to_the_end(&mut server.sending(sent));
        assert!(
            began.elapsed() > Duration::from_millis(900),
            "cut off after {:?}: {answer}",
            began.elapsed()
        );
        answer
    };

    std::thread::scope(|scope| {
        for sent in [SILENT, HALF_A_HEAD, HALF_A_HEAD_OF_1_0, PREFACE_OF_2] {
            scope.spawn(move || assert!(!answered(sent.as_bytes()).contains("200 OK"), "{sent:?}"));
        }

        scope.spawn(|| assert!(answered(IDLE.as_bytes()).starts_with("HTTP/1.1 200 OK")));
        scope.spawn(|| assert!(answered(MCP_STREAM.as_bytes()).starts_with("HTTP/1.1 405 ")));
        for sent in [
            BODY_WITHOUT_END,
            CHUNKS_WITHOUT_END,
            BODY_OF_1_0,
            MCP_CALL_WITHOUT_END,
        ] {
            scope.spawn(move || {
                let answer = answered(sent.as_bytes());
                assert!(
                    answer.contains(" 408 ") && answer.contains("\"code\":\"request_timeout\""),
                    "{answer}"
                );
            });
        }

        scope.spawn(|| assert!(answered(&http2_body_without_end()).contains("request_timeout")));
        scope.spawn(|| assert!(!answered(&http2_without_window()).contains("<html")));
    });

    for (reason, at_least) in [("header", 4.0), ("idle", 3.0), ("write", 1.0)] {
        let series = format!("mcdewey_connections_cut_total{{reason=\"{reason}_timeout\"}}");
        assert!(
            server.metric(&series) >= at_least,
            "{series} {}",
            server.metric(&series)
        );
    }

    server.answers(agent);
}

#[test]
fn a_byte_now_and_then_buys_no_time() {
    let server = Server::start(":", SHORT);
    let trickles = |sent: &str, answers: &str| {
        let mut stream = server.sending(sent);
        let (began, mut cut_off) = (Instant::now(), false);
        while !cut_off && began.elapsed() < LONG {
            std::thread::sleep(Duration::from_millis(100));
            cut_off = stream.write_all(b"1\r\n \r\n").is_err();
        }

        assert!(cut_off, "{sent:?} was read for {LONG:?}");
        assert!(
            answers.is_empty() || read_to_the_end(&mut stream).contains(answers),
            "{sent:?}"
        );
    };

    std::thread::scope(|scope| {
        let header = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
        let after_an_answer = format!("{IDLE}{header}");
        scope.spawn(|| trickles("GET /", ""));
        scope.spawn(move || trickles(header, ""));
        scope.spawn(move || trickles(&after_an_answer, ""));
        scope.spawn(|| trickles(CHUNKS_WITHOUT_END, ""));
        scope.spawn(|| trickles(MCP_CALL_WITHOUT_END, ""));
    });
}

#[test]
fn an_answer_that_nobody_reads_is_given_up() {
    let server = Server::start(":", SHORT);

    // More than the buffers of both ends hold.
    let mut stream = server.connect();
    stream
        .set_write_timeout(Some(Duration::from_millis(200)))
        .unwrap();

    let ask = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
    for _ in 0..20 {
        if stream.write_all(ask.as_bytes()).is_err() {
            break;
        }
    }

    until("the connection is closed", || {
        server.metric("mcdewey_connections_cut_total{reason=\"write_timeout\"}") == 1.0
    });
}

#[test]
fn tls_that_stops_is_cut_off_in_time() {
    let (server, agent, shake_hands) = start_with_tls(":", SHORT);
    read_to_the_end(&mut server.connect());
    read_to_the_end(&mut server.sending("\u{16}\u{3}\u{1}"));
    read_to_the_end(&mut shake_hands(&server));
    assert!(server.answers(|| agent.clone()) < PATIENCE);
}

#[test]
fn clients_of_every_version_are_answered_over_tls() {
    let (folder, _, client) = with_tls();
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
        let ask =
            format!("GET /healthz HTTP/{version}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(ask.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();

        assert!(
            answer.starts_with(&format!("HTTP/{version} 200 OK")),
            "{protocol}: {answer}"
        );
    }
}

#[test]
fn health_checks_are_answered_when_there_is_no_room_for_anything_else() {
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
                    let asked =
                        server.asked(&agent(), "/api/v1/search?q=barge+supervisor&limit=50");
                    statuses
                        .lock()
                        .unwrap()
                        .push(asked.map_or(0, |(status, _)| status));
                }
            });
        }

        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end {
            for path in ["/healthz", "/readyz"] {
                // With eight places, a newcomer that is slow to ask may have made room for others before it asked. Who checks
                // a server's health tries again then, as orchestrators do.
                let mut tries = (0..HEALTH_TRIES).map(|_| server.asked(&agent(), path));
                let asked = tries
                    .find(Result::is_ok)
                    .unwrap_or_else(|| server.asked(&agent(), path));

                if !matches!(asked, Ok((200, _))) {
                    stop.store(true, Ordering::Relaxed);
                    panic!("{path}: {asked:?}\n{}", server.log());
                }
            }
        }

        stop.store(true, Ordering::Relaxed);
    });

    let statuses = statuses.into_inner().unwrap();
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    let (answered, turned_away) = (count(200), count(503));

    say(&format!(
        "{} searches: {answered} answered, {turned_away} turned away",
        statuses.len()
    ));
    assert!(answered > 0 && turned_away > 0, "{statuses:?}");
    assert!(server.metric("mcdewey_connections_over_capacity_total") >= 1.0);
}

#[test]
fn a_server_that_is_told_to_stop_does_not_wait_for_the_silent() {
    let mut server = Server::start(":", "");
    let _crowd: Vec<TcpStream> = [SILENT, IDLE, HALF_A_HEAD, BODY_WITHOUT_END]
        .into_iter()
        .map(|sent| server.sending(sent))
        .collect();
    server.answers(agent);
    let began = Instant::now();
    kill_process(Pid::from_child(&server.child), Signal::TERM).unwrap();
    assert!(server.child.wait().unwrap().success());
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

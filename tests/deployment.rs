//! `docker-compose.yml` is valid, and what it promises stands in it: loopback ports, pinned versions, keys as secrets, a
//! read-only root file system. No container runs here.

use std::process::Command;

use crate::support::{repository, skip, succeed};

/// The compose program of this machine: Docker's plugin, or Debian's program of its own.
fn compose() -> Option<Command> {
    let works = |program: &str, arguments: &[&str]| {
        Command::new(program)
            .args(arguments)
            .arg("version")
            .output()
            .is_ok_and(|output| output.status.success())
    };

    let mut command = if works("docker", &["compose"]) {
        let mut command = Command::new("docker");
        command.arg("compose");
        command
    } else if works("docker-compose", &[]) {
        Command::new("docker-compose")
    } else {
        return None;
    };

    command.current_dir(repository());
    Some(command)
}

#[test]
fn the_compose_file_is_valid_and_keeps_its_promises() {
    let Some(mut compose) = compose() else {
        return skip(
            "the compose file",
            "there is neither `docker compose` nor `docker-compose`",
        );
    };

    let config = succeed(compose.arg("config"));
    for promise in [
        "qdrant/qdrant:v",
        "read_only: true",
        "no-new-privileges:true",
        "mcdewey_access_key",
        "qdrant_api_key",
    ] {
        assert!(
            config.contains(promise),
            "{promise} is missing in:\n{config}"
        );
    }

    let text = std::fs::read_to_string(repository().join("docker-compose.yml")).unwrap();
    let ports: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("- \"") && line.contains(':'))
        .collect();

    assert!(
        ports.len() >= 3 && ports.iter().all(|port| port.starts_with("- \"127.0.0.1:")),
        "{ports:?}"
    );
}

#[test]
fn the_image_builds_from_what_is_sent_to_it() {
    let ignore = std::fs::read_to_string(repository().join(".dockerignore")).unwrap();
    let sent: Vec<&str> = ignore
        .lines()
        .filter_map(|line| line.strip_prefix('!'))
        .collect();

    for needed in [
        "Cargo.toml",
        "Cargo.lock",
        "crates",
        "models/catalogue.toml",
        "tests",
        "benches",
        "LICENSE",
        "NOTICE",
    ] {
        assert!(
            sent.contains(&needed),
            "{needed} is not sent to the image's build"
        );
        assert!(repository().join(needed).exists(), "{needed} is not there");
    }

    let dockerfile = std::fs::read_to_string(repository().join("Dockerfile")).unwrap();
    let rust = std::fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let version = rust
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .unwrap()
        .trim_matches('"');

    assert!(
        dockerfile.contains(&format!("FROM rust:{version}-")),
        "the image is built with another Rust than {version}"
    );
    assert!(dockerfile.contains("\nUSER 10001:10001\n") && dockerfile.contains("\nHEALTHCHECK "));
}

//! `docker-compose.yml` is valid and hardened: loopback ports, pinned versions, keys as secrets, a
//! read-only root file system. No container is started.

use std::process::Command;

use crate::support::{repository, skip, succeed};

/// The compose program of this machine: Docker's plugin, or Debian's stand-alone program.
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
fn the_compose_file_is_valid_and_hardened() {
    let Some(mut compose) = compose() else {
        return skip(
            "the compose file",
            "neither `docker compose` nor `docker-compose` is installed",
        );
    };

    let config = succeed(compose.arg("config"));
    for required in [
        "qdrant/qdrant:v",
        "read_only: true",
        "no-new-privileges:true",
        "mcdewey_access_key",
        "qdrant_api_key",
    ] {
        assert!(
            config.contains(required),
            "{required} is missing in:\n{config}"
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
fn the_build_context_has_everything_the_image_needs() {
    let ignore = std::fs::read_to_string(repository().join(".dockerignore")).unwrap();
    let context: Vec<&str> = ignore
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
        assert!(context.contains(&needed), ".dockerignore excludes {needed}");
        assert!(
            repository().join(needed).exists(),
            "{needed} does not exist"
        );
    }

    let dockerfile = std::fs::read_to_string(repository().join("Dockerfile")).unwrap();
    let manifest = std::fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .unwrap()
        .trim_matches('"');

    assert!(
        dockerfile.contains(&format!("FROM rust:{version}-")),
        "the image is not built with Rust {version}"
    );
    assert!(dockerfile.contains("\nUSER 10001:10001\n") && dockerfile.contains("\nHEALTHCHECK "));
}

//! Names that are versions, and names with numbers that are not.

use super::*;

fn parse(name: &str) -> Option<(Option<&str>, &str, VersionForm)> {
    VersionName::parse(name).map(|found| (found.product, found.version, found.form))
}

#[test]
fn versions_are_recognised_as_vendors_write_them() {
    for (name, version) in [
        ("12.2", "12.2"),
        ("v12.5", "v12.5"),
        ("12_5_1_su3", "12_5_1_su3"),
        ("12.5(1) SU3", "12.5(1) SU3"),
        ("12.5(1)SU3", "12.5(1)SU3"),
        ("15.2(7)E3", "15.2(7)E3"),
        ("R12.1SP2", "R12.1SP2"),
        ("FW1.23", "FW1.23"),
        ("1.0.0+build5", "1.0.0+build5"),
        ("1.0.0+20240501", "1.0.0+20240501"),
        ("v2.0.0-rc.1", "v2.0.0-rc.1"),
        ("2.x", "2.x"),
        ("release-3.4", "3.4"),
        ("Release 3.4", "3.4"),
        ("rel_7_2", "7_2"),
        ("release-7-2", "7-2"),
        ("7.2u3", "7.2u3"),
        ("9.1R2", "9.1R2"),
        ("21.4R3-S5", "21.4R3-S5"),
        ("2023.2", "2023.2"),
        ("2024-05", "2024-05"),
        ("2025-11-25", "2025-11-25"),
        ("20.04-LTS", "20.04-LTS"),
        ("stable-2.1", "2.1"),
        ("docs-v3", "v3"),
        ("Version 4", "4"),
        ("version4", "4"),
        ("4.0 Update 3", "4.0 Update 3"),
        ("7.1 Service Pack 2", "7.1 Service Pack 2"),
        ("1.0.2k", "1.0.2k"),
        ("6.0 Documentation", "6.0"),
    ] {
        assert_eq!(
            parse(name),
            Some((None, version, VersionForm::Explicit)),
            "{name}"
        );
    }
}

#[test]
fn one_number_is_a_weaker_sign() {
    for name in ["39", "0110", "1251su3", "18", "2024", "R12"] {
        assert_eq!(
            parse(name),
            Some((None, name, VersionForm::Number)),
            "{name}"
        );
    }
}

#[test]
fn a_products_name_is_told_from_its_version() {
    use VersionForm::{Explicit, NamedNumber};

    for (name, product, version, form) in [
        ("ONTAP-9.14.1", "ONTAP", "9.14.1", Explicit),
        ("IOS-XE-17.9.4a", "IOS-XE", "17.9.4a", Explicit),
        (
            "Certified-Asterisk_18.9_Documentation",
            "Certified-Asterisk",
            "18.9",
            Explicit,
        ),
        ("relayd v7", "relayd", "v7", Explicit),
        ("relayd-release-7.3", "relayd", "7.3", Explicit),
        ("k8s-1.29", "k8s", "1.29", Explicit),
        ("log4j2-2.17", "log4j2", "2.17", Explicit),
        ("finesse_1262", "finesse", "1262", NamedNumber),
        ("errors 3.2.1", "errors", "3.2.1", Explicit),
        ("kafka-38", "kafka", "38", NamedNumber),
        ("asterisk-18", "asterisk", "18", NamedNumber),
        ("Asterisk_18_Documentation", "Asterisk", "18", NamedNumber),
        ("windows server 2019", "windows server", "2019", NamedNumber),
    ] {
        assert_eq!(parse(name), Some((Some(product), version, form)), "{name}");
    }
}

#[test]
fn other_names_with_numbers_are_no_versions() {
    for name in [
        "rfc2616",
        "rfc-2616",
        "utf-8",
        "utf8",
        "ipv6",
        "802.1x",
        "802.11ax",
        "x86_64",
        "sha256",
        "sha-256",
        "http2",
        "http-1.1",
        "s3",
        "ec2",
        "log4j2",
        "oauth2",
        "oauth-2.0",
        "k8s",
        "tls1.2",
        "TLS-1.3",
        "usb3.0",
        "G.711",
        "X.509",
        "base64",
        "3.2 Installing",
        "01-intro",
        "chapter-2",
        "Chapter 3.2",
        "part 4",
        "2fa",
        "3d",
        "5g",
        "CP-8841",
        "WS-C3850",
        "MX480",
        "CVE-2021-44228",
        "port-8080",
        "2024.05.01",
        "01.05.2024",
        "10.0.0.1",
        "2024-05-01-news",
        "error-404",
        "27200183x",
        "272001",
        "guide",
        "",
        "-",
        "123456789",
        "3rd-party",
        "i386",
        "SRX-300",
    ] {
        assert_eq!(parse(name), None, "{name}");
    }
}

#[test]
fn digits_without_separators_are_found() {
    for (name, digits) in [
        ("kafka-38", Some("38")),
        ("1251su3", Some("1251")),
        ("0110", Some("0110")),
        ("3.8", None),
        ("v3", None),
        ("2025-11-25", None),
        ("12(1)", None),
    ] {
        let found = VersionName::parse(name).unwrap();
        assert_eq!(found.compact_digits(), digits, "{name}");
    }
}

#[test]
fn some_names_only_resemble_versions() {
    for name in [
        "7.3-blue-hat",
        "relayd_7.3_for_boxes",
        "v7-preview-of-all",
        "1.2.3.4b.c.d_",
    ] {
        assert!(VersionName::resembles(name), "{name}");
    }

    for name in [
        "7.3",
        "3.2 Installing",
        "x86_64",
        "802.1x",
        "guide",
        "rfc2616",
        "tls1.2",
        "10.0.0.1",
    ] {
        assert!(!VersionName::resembles(name), "{name}");
    }
}

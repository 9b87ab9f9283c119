//! Parses generated manuals that look as vendors publish them and converters write them: flat file
//! names, versions in titles or only in a URL, headings broken over two lines, logs and comments
//! that look like headings. The versions and headings found are compared with those generated.

use std::fmt::Write;

use mcdewey_core::VersionScheme;

use crate::parse::{Dialect, parse};
use crate::rules::{LibraryFile, RuleSet, Subject};

const MANUALS: u64 = 400;

const LIBRARY: &str = r#"
    [[product]]
    id = "deskline"
    vendor = "Norvane"
    title = "Deskline"
    compact = ['^(\d\d)(\d)(\d)?$', '^(\d\d)(\d)(\d)(su\d+)$']
    [[rule]]
    field = "source_url"
    pattern = '/products/(?<product>[a-z]+)/(?<version>\d+(?:su\d+)?)/(?<guide>[a-z-]+)'
    [[rule]]
    field = "source_url"
    pattern = '/products/(?<product>[a-z]+)/[a-z]+/(?<guide>[a-z-]+)'
"#;

/// A generated manual with the expected results.
struct Manual {
    path: String,
    text: String,
    /// As the vendor writes them; empty if the manual applies to no particular version.
    versions: Vec<String>,
    headings: Vec<String>,
}

/// A xorshift generator: the same manuals on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn manual(seed: u64) -> Manual {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..4 {
        random.below(2);
    }

    let major = 11 + random.below(5);
    let minor = random.below(7);
    let patch = 1 + random.below(2);
    let update = random.below(4);

    let su = if update == 0 {
        String::new()
    } else {
        format!(" SU{update}")
    };

    let version = format!("{major}.{minor}({patch}){su}");
    let compact = format!("{major}{minor}{patch}{}", su.trim().to_lowercase());

    // The folder names another version, as happens when files are copied from the previous one.
    let path = format!("export/{}/b_deskline_admin_{seed:04}.md", major - 1);
    let guide = [
        "Administration Guide",
        "Developer Guide",
        "Troubleshooting Guide",
    ][random.below(3) as usize];

    let url = |version: &str| {
        format!("https://docs.example.com/products/deskline/{version}/admin/b_{seed}.html")
    };

    let (title, source_url, versions) = match random.below(10) {
        0..=4 => (
            format!("{guide} for Deskline, Release {version}"),
            url("all"),
            vec![version],
        ),
        5 => (
            format!("{guide} for Deskline, Release {major}.{minor}(1) and {major}.{minor}(2)"),
            url("all"),
            vec![format!("{major}.{minor}(1)"), format!("{major}.{minor}(2)")],
        ),
        6..=8 => (format!("Deskline {guide}"), url(&compact), vec![version]),
        _ => (
            "Configure and Troubleshoot Empty Gadgets".to_owned(),
            url("support"),
            Vec::new(),
        ),
    };

    let mut text =
        format!("---\ntitle: \"{title}\"\nsource_url: {source_url}\n---\n\n# {title}\n\n");
    let mut headings = vec![title];
    for chapter in 0..8 {
        append_section(&mut random, seed, chapter, &mut text, &mut headings);
    }

    Manual {
        path,
        text,
        versions,
        headings,
    }
}

/// Appends a section in one of the forms that converters produce.
fn append_section(
    random: &mut Random,
    seed: u64,
    chapter: u64,
    text: &mut String,
    headings: &mut Vec<String>,
) {
    let topic = [
        "Call Recording",
        "Agent States",
        "Barge and Intercept",
        "Certificates",
    ][random.below(4) as usize];

    let title = format!("{topic} in Part {seed} Chapter {chapter}");
    match random.below(4) {
        0 => {
            let (head, tail) = title.split_once(" in ").expect("the title contains it");
            write!(text, "## {head}\n## in {tail}\n\n").expect("writing to a string never fails");
        }
        1 => {
            let (head, tail) = title.split_once(" Part ").expect("the title contains it");
            write!(text, "## {head}\n\n## Part {tail}\n\n")
                .expect("writing to a string never fails");
        }
        _ => write!(text, "## {title}\n\n").expect("writing to a string never fails"),
    }

    headings.push(title);
    text.push_str(
        "The supervisor signs in and opens the page. Then the list of agents is shown.\n\n",
    );

    let noise = match random.below(4) {
        0 => "# 2016-06-14 10:22:31 agent signed out\n# 2016-06-14 10:22:32 agent signed in\n\n",
        1 => {
            "utils service restart tomcat\n# reload the certificates first\nutils service list\n\n"
        }
        2 => "# cd /opt/deskline/conf\n# vi desktop.properties\n# ./restart.sh\n\n",
        _ => "",
    };

    text.push_str(noise);
}

#[test]
fn versions_and_headings_of_generated_manuals_are_found() {
    let file = LibraryFile::parse(LIBRARY, "library.toml").unwrap();
    let rules = RuleSet::new(&LibraryFile::default(), &file, "library.toml").unwrap();
    let scheme = VersionScheme::default();

    let (mut versioned, mut correct, mut headings, mut wrong) = (0, 0, 0, 0);
    for seed in 0..MANUALS {
        let manual = manual(seed);
        let parsed = parse(&manual.text, "b_deskline", Dialect::Markdown);
        let found: Vec<String> = parsed
            .pages
            .iter()
            .flat_map(|page| &page.structure.headings)
            .map(|heading| heading.title.clone())
            .collect();

        headings += manual.headings.len();
        wrong += found
            .iter()
            .filter(|title| !manual.headings.contains(title))
            .count();
        wrong += manual
            .headings
            .iter()
            .filter(|title| !found.contains(title))
            .count();

        let subject = Subject {
            path: &manual.path,
            title: &parsed.title.for_rules,
            front_matter: &parsed.front_matter,
            root: None,
            dotted_version: None,
        };
        let facets = rules.assign(subject).facets;
        assert_eq!(
            facets.product.as_deref(),
            Some("deskline"),
            "{}",
            parsed.title.text
        );

        let keys: Vec<_> = facets
            .versions
            .iter()
            .map(|version| version.key.clone())
            .collect();
        let expected: Vec<_> = manual
            .versions
            .iter()
            .map(|version| scheme.key(version).unwrap())
            .collect();

        if expected.is_empty() {
            continue;
        }

        versioned += 1;
        correct += usize::from(keys == expected);
    }

    assert!(versioned > 300, "{versioned}");
    assert!(
        correct * 100 >= versioned * 95,
        "the versions of {correct} of {versioned} manuals are correct"
    );
    assert!(
        wrong * 100 <= headings,
        "{wrong} of {headings} headings are wrong"
    );
}

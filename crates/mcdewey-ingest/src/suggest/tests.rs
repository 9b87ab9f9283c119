//! Proposals for folders of several layouts, and what they give when they are saved.

use std::path::Path;

use super::*;

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn root(folder: &Path) -> Root {
    Root {
        path: folder.to_owned(),
        ..Root::default()
    }
}

/// Returns `path product version guide` of every document, as the root's own rules give them.
fn facets(folder: &Path) -> Vec<String> {
    let root = root(folder);
    let rules = root.rule_set().unwrap();
    let files = walk(&root).unwrap().documents;
    let lines = files.iter().map(|file| {
        let parsed = read_and_parse(file, None).unwrap();
        let found = rules.assign(subject(file, &parsed)).facets;
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        format!(
            "{} {} {} {}",
            file.path_in_root,
            text(&found.product),
            text(&found.version_label()),
            text(&found.guide)
        )
    });
    lines.collect()
}

/// Saves the proposal for a folder and returns it with the facets it gives.
fn save_proposal(folder: &Path) -> (String, Vec<String>) {
    let text = suggest(&root(folder), None).unwrap().to_toml();
    write(folder, "library.toml", &text);
    (text, facets(folder))
}

#[test]
fn a_saved_proposal_gives_what_it_promises() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("relayd");
    for path in [
        "docs/Relayd_18_Documentation/api/a.md",
        "docs/Relayd_19_Documentation/api/a.md",
        "docs/Relayd_19_Documentation/upgrading.md",
        "docs/Configuration/Relayd 18.2 settings.md",
        "box/7.3-blue-hat/admin/a.md",
        "box/FW1.23/admin/a.md",
        "docs/Configuration/deep/Relayd-1.8-Projects/a.md",
    ] {
        write(&folder, path, "Text");
    }
    write(
        &folder,
        "box/7.3/guide/a.md",
        "# Box Guide, Release 7.4\n\nText",
    );

    let (text, found) = save_proposal(&folder);
    assert_eq!(
        found,
        [
            "box/7.3/guide/a.md box 7.4 guide",
            "box/7.3-blue-hat/admin/a.md box 7.3 admin",
            "box/FW1.23/admin/a.md box FW1.23 admin",
            "docs/Configuration/Relayd 18.2 settings.md Relayd 18.2 Configuration",
            "docs/Configuration/deep/Relayd-1.8-Projects/a.md Relayd 1.8 Configuration",
            "docs/Relayd_18_Documentation/api/a.md Relayd 18 api",
            "docs/Relayd_19_Documentation/api/a.md Relayd 19 api",
            "docs/Relayd_19_Documentation/upgrading.md Relayd 19 -",
        ],
        "{text}"
    );
    assert!(text.contains("version 7.3, guide admin"), "{text}");
}

#[test]
fn a_proposal_divides_versions_that_the_text_spells_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("kafka");
    write(&folder, "37/ops.md", "Text");
    write(
        &folder,
        "37/intro.md",
        "This is the Kafka 3.7 Documentation.",
    );
    write(&folder, "38/intro.md", "Text of version 3.8.0.");

    let (text, found) = save_proposal(&folder);
    assert_eq!(
        found,
        [
            "37/intro.md kafka 3.7 -",
            "37/ops.md kafka 3.7 -",
            "38/intro.md kafka 3.8 -"
        ],
        "{text}"
    );
}

#[test]
fn covered_documents_and_hostile_names_are_handled() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("it's \"x\"");
    write(&folder, "own/1.0/a.md", "Text");
    write(&folder, "it's (a) \"b\"/1.0/g/a.md", "Text");
    write(
        &folder,
        "library.toml",
        "[[rule]]\npath = '^own/'\nset = { product = \"own\" }",
    );

    let suggestion = suggest(&root(&folder), None).unwrap();
    assert_eq!((suggestion.documents, suggestion.covered), (2, 1));
    assert_eq!(suggestion.rules.len(), 1);

    let parsed = LibraryFile::parse(&suggestion.to_toml(), "proposal").unwrap();
    assert_eq!(parsed, suggestion.library_file());
}

//! The facets that rules assign by path, title and front matter.

use super::*;

const LIBRARY: &str = r#"
    [[product]]
    id = "uccx"
    vendor = "Cisco"
    title = "Unified Contact Center Express"
    compact = ['^(\d\d)(\d)(\d)?$']
    [[product]]
    id = "asterisk"
    vendor = "Sangoma"
    [[alias]]
    names = ["CCX", "Unified CCX"]
    products = ["uccx"]
    [[rule]]
    path = '/Asterisk_(?<version>\d+)_Documentation/'
    set = { product = "asterisk", guide = "reference" }
    [[rule]]
    under = "flat/"
    title = 'Guide for (?<product>[\w ]+?), Release (?<version>\d+\.\d+(\(\d+\))?)'
    set = { guide = "admin" }
    [[rule]]
    field = "source_url"
    pattern = '/(?<product>uccx)/(?<version>\d+)/(?<lang>[a-z]{2}_[A-Z]{2})?'
    [[rule]]
    under = "notes/"
    path = '.'
    set = { product = "", version = "" }
"#;

fn assign(library: &str, path: &str, title: &str, fields: &[(&str, &str)]) -> FacetAssignment {
    let file = LibraryFile::parse(library, "library.toml").unwrap();
    let rules = RuleSet::new(&LibraryFile::default(), &file, "library.toml").unwrap();
    let fields = fields
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();

    let front_matter = FrontMatter {
        fields,
        ..FrontMatter::default()
    };

    rules.assign(Subject {
        path,
        title,
        front_matter: &front_matter,
    })
}

/// Compares the facets with `vendor product version guide lang`, where `-` is an empty facet.
fn check(path: &str, title: &str, fields: &[(&str, &str)], expected: &str) {
    let facets = assign(LIBRARY, path, title, fields).facets;
    let keys: Vec<String> = facets
        .versions
        .iter()
        .map(|version| version.key.to_string())
        .collect();

    let version = Some(keys.join(",")).filter(|text| !text.is_empty());
    let parts = [
        facets.vendor,
        facets.product,
        version,
        facets.guide,
        facets.lang,
    ];

    let found: Vec<String> = parts
        .into_iter()
        .map(|part| part.unwrap_or("-".to_owned()))
        .collect();

    assert_eq!(found.join(" "), expected, "{path} {title}");
}

#[test]
fn rules_precede_titles_and_titles_precede_paths() {
    check(
        "docs/Asterisk_18_Documentation/a/b.md",
        "A",
        &[],
        "Sangoma asterisk 18 reference -",
    );

    check(
        "uccx/1251/admin/a.md",
        "A",
        &[],
        "Cisco uccx 12.5.1 admin -",
    );

    check(
        "uccx/1251/admin/a.md",
        "A, Release 15.0",
        &[],
        "Cisco uccx 15 admin -",
    );

    check(
        "docs/Asterisk_18_Documentation/a.md",
        "A, Release 20",
        &[],
        "Sangoma asterisk 18 reference -",
    );

    check("a.md", "A", &[], "- - - - -");
}

#[test]
fn a_product_is_found_under_any_of_its_names() {
    check(
        "flat/x1.md",
        "Guide for Unified CCX, Release 12.5(1)",
        &[],
        "Cisco uccx 12.5.1 admin -",
    );

    check(
        "flat/x2.md",
        "Guide for unified contact center express, Release 12.0",
        &[],
        "Cisco uccx 12 admin -",
    );

    check(
        "flat/x3.md",
        "Guide for Webex, Release 12.0",
        &[],
        "- Webex 12 admin -",
    );

    check(
        "other/x1.md",
        "Guide for Unified CCX, Release 12.5(1)",
        &[],
        "- other 12.5.1 - -",
    );
}

#[test]
fn front_matter_is_used_only_if_a_rule_maps_it() {
    let url = (
        "source_url",
        "https://docs.example.com/uccx/1251/en_US/a.html",
    );

    check(
        "flat/a.md",
        "A",
        &[url, ("product", "webex"), ("lang", "de")],
        "Cisco uccx 12.5.1 - en",
    );

    check(
        "flat/a.md",
        "A",
        &[("product", "webex"), ("lang", "de")],
        "- flat - - -",
    );
}

#[test]
fn an_empty_constant_keeps_a_facet_empty() {
    check("notes/12.5/a.md", "Drops, Release 12.5", &[], "- - - - -");
}

#[test]
fn several_versions_are_sorted() {
    let assignment = assign(
        LIBRARY,
        "uccx/a.md",
        "Guide, Releases 15.0, 12.5(2) and 12.5(1)",
        &[],
    );

    let labels: Vec<&str> = assignment
        .facets
        .versions
        .iter()
        .map(|version| version.label.as_str())
        .collect();

    assert_eq!(labels, ["12.5(1)", "12.5(2)", "15.0"]);
}

#[test]
fn unparsable_versions_are_skipped() {
    let library = "[[rule]]\ntitle = '(?<version>-+|\\d{30})'";
    let assignment = assign(library, "p/1.2/g/a.md", "A -- B", &[]);
    assert_eq!(assignment.facets.version_label().as_deref(), Some("1.2"));
    assert_eq!(assignment.warnings.len(), 1);
}

#[test]
fn disagreements_are_reported() {
    let disagreement = |path, title| assign(LIBRARY, path, title, &[]).disagreement;
    let expected = Some(("v12.5".to_owned(), "15.0".to_owned()));
    assert_eq!(
        disagreement("uccx/v12.5/g/a.md", "Guide, Release 15.0"),
        expected
    );
    assert_eq!(disagreement("uccx/v15/g/a.md", "Guide, Release 15.0"), None);
    assert_eq!(disagreement("uccx/g/a.md", "Guide, Release 15.0"), None);
}

#[test]
fn invalid_rules_are_rejected_by_their_number() {
    for (rule, reason) in [
        ("", "one of"),
        ("path = 'a'\ntitle = 'b'\nset = { guide = 'x' }", "one of"),
        ("pattern = 'a'\nset = { guide = 'x' }", "one of"),
        ("field = 'a'\nset = { guide = 'x' }", "pattern"),
        ("title = '('", "unclosed group"),
        ("title = 'x'", "yields nothing"),
        ("title = '(?<verison>x)'", "verison"),
    ] {
        let file = LibraryFile::parse(
            &format!("[[rule]]\ntitle='(?<guide>a)'\n[[rule]]\n{rule}"),
            "f",
        )
        .unwrap();

        let error = RuleSet::new(&LibraryFile::default(), &file, "f")
            .unwrap_err()
            .to_string();

        assert!(
            error.contains("rule 2") && error.contains(reason),
            "{rule}: {error}"
        );
    }
}

#[test]
fn the_fingerprint_changes_with_the_rules() {
    let fingerprint = |text| {
        let file = LibraryFile::parse(text, "f").unwrap();
        RuleSet::new(&LibraryFile::default(), &file, "f")
            .unwrap()
            .fingerprint()
    };

    assert_eq!(fingerprint(LIBRARY), fingerprint(LIBRARY));
    assert_ne!(fingerprint(LIBRARY), fingerprint(""));
}

/// The fingerprint hashes this output, so a renamed type or field would make every document be
/// ingested again.
#[test]
fn the_debug_output_behind_the_fingerprint_is_stable() {
    let library = r#"
        [[product]]
        id = "uccx"
        [[alias]]
        names = ["CCX"]
        products = ["uccx"]
        [[rule]]
        path = 'x'
        set = { guide = "admin" }
    "#;
    let file = LibraryFile::parse(library, "f").unwrap();

    assert_eq!(
        format!("{file:?}"),
        "LibraryFile { \
         product: [Product { id: \"uccx\", vendor: None, title: None, compact: [] }], \
         alias: [Alias { names: [\"CCX\"], products: [\"uccx\"] }], \
         rule: [RuleEntry { under: None, path: Some(\"x\"), title: None, field: None, \
         pattern: None, set: Constants { vendor: None, product: None, version: None, \
         guide: Some(\"admin\"), lang: None } }] }"
    );
}

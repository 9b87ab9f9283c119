//! The facets that rules assign by path, title and front matter.

mod properties;

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
        root: None,
        dotted_version: None,
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
fn fields_other_than_versions_are_used_only_if_a_rule_maps_them() {
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

/// Compares the labels of the versions, without any rule of a library.
fn check_version(path: &str, title: &str, fields: &[(&str, &str)], expected: Option<&str>) {
    let label = assign("", path, title, fields).facets.version_label();
    assert_eq!(label.as_deref(), expected, "{path} {title} {fields:?}");
}

#[test]
fn versions_are_found_without_rules() {
    for (folder, label) in [
        ("R12.1SP2", "R12.1SP2"),
        ("FW1.23", "FW1.23"),
        ("ONTAP-9.14.1", "9.14.1"),
        ("1.0.0+build5", "1.0.0+build5"),
        ("12.2", "12.2"),
        ("rel_7_2", "7.2"),
        ("box_1262", "1262"),
        ("Box_18_Documentation", "18"),
        ("2.x", "2.x"),
        ("2_X", "2.X"),
    ] {
        check_version(&format!("box/{folder}/admin/a.md"), "A", &[], Some(label));
    }

    check_version("pumpd errors 3.2.1.md", "Errors", &[], Some("3.2.1"));
    check_version("docs/blog/2024-05-01-pump/a.md", "A", &[], None);
    check_version("box/3.2 Installing.md", "Installing", &[], None);
}

#[test]
fn the_most_trustworthy_part_of_a_document_gives_its_version() {
    let path = "box/7.3/admin 7.9.md";
    let url = ("source_url", "https://docs.example.com/box/7.8/a.html");
    check_version(path, "A", &[url], Some("7.3"));
    check_version("box/admin 7.9.md", "A", &[url], Some("7.8"));
    check_version("box/admin 7.9.md", "A", &[], Some("7.9"));
    check_version(path, "Box 7.4 Guide", &[url], Some("7.4"));

    for field in ["product_version", "release"] {
        check_version(path, "Guide, Release 7.4", &[(field, "7.5")], Some("7.5"));
    }
}

#[test]
fn the_version_field_may_be_that_of_the_document_itself() {
    check_version("a.md", "A", &[("version", "7.3")], Some("7.3"));
    check_version("box/7.3/a.md", "A", &[("version", "7.3.1")], Some("7.3.1"));
    check_version("box/7.3/a.md", "A", &[("version", "1.0")], Some("7.3"));

    let assignment = assign("", "box/7.3/a.md", "A", &[("version", "1.0")]);
    assert!(
        assignment.warnings[0].contains("product_version"),
        "{:?}",
        assignment.warnings
    );
}

#[test]
fn digits_divide_only_where_something_shows_how() {
    let url = ("source_url", "https://docs.example.com/kafka/3.8/ops.html");
    check_version("kafka-38/ops.md", "A", &[], Some("38"));
    check_version("kafka-38/ops.md", "A", &[url], Some("3.8"));
    check_version("kafka/38/ops.md", "A", &[("version", "3.8")], Some("3.8"));
    check_version("kafka/38/ops.md", "Kafka 3.8 Operations", &[], Some("3.8"));
    check_version(
        "finesse_1262/a.md",
        "A",
        &[("version", "12.6.2")],
        Some("12.6.2"),
    );

    let file = "[[product]]\nid = 'kafka'\ncompact = ['^(\\d)(\\d+)$']";
    let facets = assign(file, "kafka-38/ops.md", "A", &[]).facets;
    assert_eq!(facets.version_label().as_deref(), Some("3.8"));
}

#[test]
fn a_root_or_a_title_may_name_the_product() {
    let product = |path: &str, title: &str, root: Option<&str>| {
        let file = LibraryFile::parse(LIBRARY, "library.toml").unwrap();
        let rules = RuleSet::new(&LibraryFile::default(), &file, "library.toml").unwrap();
        let front_matter = FrontMatter::default();
        let assignment = rules.assign(Subject {
            path,
            title,
            front_matter: &front_matter,
            root,
            dotted_version: None,
        });
        assignment.facets.product
    };

    assert_eq!(product("docs/pages/a.md", "A", None), None);
    assert_eq!(
        product("docs/pages/a.md", "A", Some("relayd")).as_deref(),
        Some("relayd")
    );
    assert_eq!(
        product("docs/pages/a.md", "Unified CCX Guide", Some("relayd")).as_deref(),
        Some("uccx")
    );
    assert_eq!(
        product("box/7.3/a.md", "Unified CCX Guide", Some("relayd")).as_deref(),
        Some("box")
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

//! Properties of the built-in rules over generated labels and arbitrary names.

use mcdewey_core::VersionScheme;
use proptest::prelude::*;

use super::assign;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever stands before the numbers, a label is the version that it is without it.
    #[test]
    fn prefixes_do_not_change_a_version(
        prefix in prop::sample::select(vec!["", "v", "R", "FW", "release-", "rel_", "ONTAP-", "IOS-XE-"]),
        numbers in prop::collection::vec(1_u32..100, 2..4),
        update in prop::sample::select(vec!["", "SP2", " SP2", "-rc.1", "u3", " Update 3", "R2", "a", "-LTS", "+build5"]),
    ) {
        let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
        let plain = format!("{}{update}", numbers.join("."));
        let expected = VersionScheme::default().key(&plain).unwrap();

        let facets = assign("", &format!("box/{prefix}{plain}/admin/a.md"), "A", &[]).facets;
        let keys: Vec<_> = facets.versions.iter().map(|version| version.key.clone()).collect();
        prop_assert_eq!(keys, [expected]);
        prop_assert_eq!(facets.product.as_deref(), Some("box"));
        prop_assert_eq!(facets.guide.as_deref(), Some("admin"));
    }

    /// No name of a folder or file and no title is refused, and every label parses to its key.
    #[test]
    fn any_names_are_accepted(
        folder in "[a-zA-Z0-9 ._()+é-]{1,16}",
        file in "[a-zA-Z0-9 ._()+é-]{1,16}",
        title in "\\PC{0,40}",
        field in "[a-z0-9 .,()+-]{0,12}",
    ) {
        let path = format!("{folder}/{file}/{file}.md");
        let fields = [("version", field.as_str()), ("source_url", title.as_str())];
        for version in assign("", &path, &title, &fields).facets.versions {
            let key = VersionScheme::default().key(&version.label);
            prop_assert_eq!(key.ok(), Some(version.key));
        }
    }
}

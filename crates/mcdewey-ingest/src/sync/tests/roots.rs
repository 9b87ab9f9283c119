//! Which documents a synchronisation of one or several roots may touch.

use super::*;
use crate::resolve_root;

#[tokio::test]
async fn nothing_outside_the_walked_folder_is_removed() {
    let fixture = Fixture::new(&[
        ("main/x/a.md", "a"),
        ("main/x/a2.md", "a"),
        ("main/y/b.md", "b"),
        ("vendor/c.md", "c"),
    ]);

    let main = Root::new(RootName::default(), fixture.path("main"));
    let vendor = Root::new("vendor".parse().unwrap(), fixture.path("vendor"));
    fixture.try_sync(&[main.clone(), vendor]).await.unwrap();

    fixture.remove("main/x/a2.md");
    fixture.remove("main/y/b.md");
    fixture.remove("vendor/c.md");

    let part = Root {
        subfolder: Some("x".to_owned()),
        ..main.clone()
    };
    assert_eq!(fixture.try_sync(&[part]).await.unwrap().removed, 1);
    assert_eq!(fixture.sources().await, ["vendor/c.md", "x/a.md", "y/b.md"]);

    fixture.try_sync(&[main]).await.unwrap();
    assert_eq!(fixture.sources().await, ["vendor/c.md", "x/a.md"]);
}

#[tokio::test]
async fn ingesting_another_folder_removes_nothing() {
    let fixture = Fixture::new(&[("one/a.md", "a"), ("one/b.md", "b"), ("two/c.md", "c")]);
    let root = |path: &str| resolve_root(&[], fixture.path(path).to_str()).unwrap();
    fixture.try_sync(&root("one")).await.unwrap();

    let report = fixture.try_sync(&root("two")).await.unwrap();
    assert_eq!((report.written, report.removed), (1, 0));
    assert_eq!(fixture.sources().await, ["a.md", "b.md", "c.md"]);

    fixture.remove("one/b.md");
    assert_eq!(fixture.try_sync(&root("one")).await.unwrap().removed, 1);
    assert_eq!(fixture.sources().await, ["a.md", "c.md"]);
}

#[tokio::test]
async fn documents_of_a_moved_root_are_kept() {
    let fixture = Fixture::new(&[("one/a.md", "a"), ("one/b.md", "b")]);
    fixture
        .try_sync(&[Root::new(RootName::default(), fixture.path("one"))])
        .await
        .unwrap();

    std::fs::rename(fixture.path("one"), fixture.path("two")).unwrap();
    fixture.remove("two/b.md");

    let moved = [Root::new(RootName::default(), fixture.path("two"))];
    let report = fixture.try_sync(&moved).await.unwrap();
    assert_eq!((report.written, report.embedded, report.removed), (1, 0, 1));
    assert_eq!(
        fixture.try_sync(&moved).await.unwrap().unchanged,
        1,
        "the index records the new folder"
    );
}

#[tokio::test]
async fn a_nested_root_is_excluded_from_the_outer_one() {
    let fixture = Fixture::new(&[("main/a.md", "a"), ("main/inner/b.md", "b")]);
    let configured = [
        Root::new(RootName::default(), fixture.path("main")),
        Root::new("inner".parse().unwrap(), fixture.path("main/inner")),
    ];
    fixture.try_sync(&configured[..1]).await.unwrap();

    let roots = resolve_root(&configured, None).unwrap();
    let report = fixture.try_sync(&roots).await.unwrap();
    assert_eq!((report.files, report.skipped.len()), (2, 0), "{report:?}");
    assert_eq!(fixture.sources().await, ["a.md", "inner/b.md"]);

    let inner = fixture
        .index
        .manifest(&"inner".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(inner.len(), 1);
}

#[tokio::test]
async fn missing_and_empty_roots_change_nothing() {
    let fixture = Fixture::new(&[("main/a.md", "a"), ("vendor/c.md", "c")]);
    let main = Root::new(RootName::default(), fixture.path("main"));
    let vendor = Root::new("vendor".parse().unwrap(), fixture.path("vendor"));
    let roots = [main, vendor.clone()];
    let before = fixture.try_sync(&roots).await.unwrap().revision;

    fixture.write("main/new.md", "new");
    fixture.remove("vendor/c.md");
    let error = fixture.try_sync(&roots).await.unwrap_err();
    assert!(
        matches!(error, IngestError::EmptyRoot { indexed: 1, .. }),
        "{error}"
    );

    std::fs::remove_dir(fixture.path("vendor")).unwrap();
    let error = fixture.try_sync(&roots).await.unwrap_err();
    assert!(
        matches!(error, IngestError::UnreadableRoot { .. }),
        "{error}"
    );

    let error = fixture
        .try_sync(&[vendor.clone(), vendor])
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            IngestError::UnreadableRoot { .. } | IngestError::DuplicateRoot(_)
        ),
        "{error}"
    );

    assert_eq!(fixture.index.state().await.unwrap().revision, before);
}

#[tokio::test]
async fn invalid_rules_are_an_error_before_anything_changes() {
    let fixture = Fixture::new(&[("a.md", "a"), ("library.toml", "[[rule]]\ntitel = 'x'")]);
    let error = fixture
        .try_sync(&[fixture.corpus()])
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("library.toml") && error.contains("titel"),
        "{error}"
    );
    assert!(fixture.sources().await.is_empty());
}

use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

/// A folder with `root` and `outside` in it.
fn place(files: &[&str]) -> (TempDir, RootDir) {
    let folder = tempfile::tempdir().unwrap();
    for file in files.iter().chain(&["outside/secret.md"]) {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, file).unwrap();
    }

    let dir = RootDir::open(&folder.path().join("root")).unwrap();
    (folder, dir)
}

fn read(dir: &RootDir, path: &str, links: Links) -> Result<String, String> {
    let bytes = dir
        .read(Path::new(path), links, 1024)
        .map_err(|refusal| refusal.to_string())?;
    Ok(String::from_utf8(bytes).unwrap())
}

#[test]
fn links_to_files_of_the_root_are_read_however_they_are_written() {
    let (folder, dir) = place(&["root/a.md", "root/v1/b.md", "root/x/y/c.md"]);
    let at = |path: &str| folder.path().join("root").join(path);
    symlink(folder.path().join("root"), folder.path().join("alias")).unwrap();
    let by_alias = RootDir::open(&folder.path().join("alias")).unwrap();
    symlink("v1", at("latest")).unwrap();

    for (link, target, expected) in [
        ("relative.md", PathBuf::from("v1/b.md"), "root/v1/b.md"),
        ("x/y/up.md", PathBuf::from("../../a.md"), "root/a.md"),
        (
            "absolute.md",
            dir.path().join("x/y/../../a.md"),
            "root/a.md",
        ),
        (
            "around.md",
            PathBuf::from("latest/../x/./y/c.md"),
            "root/x/y/c.md",
        ),
        ("through.md", PathBuf::from("latest/b.md"), "root/v1/b.md"),
        ("chained.md", PathBuf::from("through.md"), "root/v1/b.md"),
        ("back.md", PathBuf::from("v1/../../root/a.md"), "root/a.md"),
    ] {
        symlink(target, at(link)).unwrap();
        assert_eq!(
            read(&dir, link, Links::AtTheEnd),
            Ok(expected.to_owned()),
            "{link}"
        );
    }

    symlink(folder.path().join("alias/a.md"), at("aliased.md")).unwrap();
    assert_eq!(
        read(&by_alias, "aliased.md", Links::AtTheEnd),
        Ok("root/a.md".to_owned())
    );
}

#[test]
fn nothing_leads_out_of_the_root() {
    let (folder, dir) = place(&["root/a.md", "root/x/b.md"]);
    let at = |path: &str| folder.path().join("root").join(path);
    let outside = folder.path().join("outside/secret.md");
    symlink(&outside, at("absolute.md")).unwrap();
    symlink("../outside/secret.md", at("relative.md")).unwrap();
    symlink("../../outside/secret.md", at("x/deep.md")).unwrap();
    symlink("absolute.md", at("chained.md")).unwrap();
    symlink("/proc/self/root", at("magic")).unwrap();
    symlink(format!("magic{}", outside.display()), at("magical.md")).unwrap();
    symlink("../outside", at("folder")).unwrap();
    symlink("folder/secret.md", at("through.md")).unwrap();
    symlink("../outside/../root/a.md", at("around.md")).unwrap();
    symlink("..", at("above.md")).unwrap();

    for path in [
        "absolute.md",
        "relative.md",
        "x/deep.md",
        "chained.md",
        "magical.md",
        "through.md",
        "around.md",
        "above.md",
    ] {
        for links in [Links::AtTheEnd, Links::Anywhere] {
            let refused = dir.find(Path::new(path), links).unwrap_err();
            assert!(matches!(refused, Refusal::LeadsOut), "{path}: {refused}");
        }
    }

    for path in [
        "../outside/secret.md",
        "x/../../outside/secret.md",
        outside.to_str().unwrap(),
        "folder/secret.md",
    ] {
        let refused = dir.find(Path::new(path), Links::Anywhere).unwrap_err();
        assert!(matches!(refused, Refusal::LeadsOut), "{path}: {refused}");
    }

    assert!(dir.entries(Path::new("folder")).is_err());
    assert!(dir.entries(Path::new("..")).is_err());
    assert!(dir.entries(folder.path()).is_err());
}

#[test]
fn a_link_that_leads_nowhere_or_to_a_folder_is_said_to() {
    let (folder, dir) = place(&["root/x/b.md"]);
    let at = |path: &str| folder.path().join("root").join(path);
    symlink("gone.md", at("dangling.md")).unwrap();
    symlink("loop.md", at("loop.md")).unwrap();
    symlink("x", at("folder.md")).unwrap();
    symlink(".", at("itself.md")).unwrap();

    for (path, expected) in [
        ("dangling.md", "the link leads nowhere"),
        ("loop.md", "the link leads nowhere"),
        ("folder.md", "links to folders are not followed"),
        ("itself.md", "links to folders are not followed"),
        ("folder.md/b.md", "below a link to a folder"),
        ("x", "not a plain file"),
        ("gone.md", "cannot be read"),
    ] {
        let said = dir
            .find(Path::new(path), Links::AtTheEnd)
            .unwrap_err()
            .to_string();
        assert!(said.contains(expected), "{path}: {said}");
    }

    assert_eq!(
        read(&dir, "folder.md/b.md", Links::Anywhere),
        Ok("root/x/b.md".to_owned())
    );
}

/// Between looking at a file and opening it, everything may change.
#[test]
fn what_is_swapped_between_the_look_and_the_opening_is_refused() {
    let (folder, dir) = place(&[
        "root/a.md",
        "root/b.md",
        "root/c.md",
        "root/x/d.md",
        "outside/d.md",
    ]);

    let at = |path: &str| folder.path().join("root").join(path);
    let look = |path: &str| dir.find(Path::new(path), Links::AtTheEnd).unwrap();
    let (to_link, to_fifo, to_folder, moved) =
        (look("a.md"), look("b.md"), look("c.md"), look("x/d.md"));

    std::fs::remove_file(at("a.md")).unwrap();
    symlink(folder.path().join("outside/secret.md"), at("a.md")).unwrap();
    assert!(matches!(to_link.open(), Err(Refusal::Replaced)));

    std::fs::remove_file(at("b.md")).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(at("b.md"))
            .status()
            .unwrap()
            .success()
    );
    assert!(matches!(to_fifo.open(), Err(Refusal::NotAFile)));

    std::fs::remove_file(at("c.md")).unwrap();
    std::fs::create_dir(at("c.md")).unwrap();
    assert!(matches!(to_folder.open(), Err(Refusal::NotAFile)));

    // A folder that became a link changes nothing for who has it open, and stops who has not.
    std::fs::rename(at("x"), at("y")).unwrap();
    symlink(folder.path().join("outside"), at("x")).unwrap();
    assert_eq!(
        io::read_to_string(moved.open().unwrap()).unwrap(),
        "root/x/d.md"
    );
    assert!(matches!(
        dir.find(Path::new("x/d.md"), Links::AtTheEnd),
        Err(Refusal::BelowLink)
    ));
    assert!(matches!(
        dir.find(Path::new("x/d.md"), Links::Anywhere),
        Err(Refusal::LeadsOut)
    ));
}

#[test]
fn a_folder_becomes_a_link_on_the_way() {
    let (folder, dir) = place(&["root/x/d.md", "outside/d.md"]);
    let mut way = Way::begin(&dir).unwrap();
    std::fs::rename(folder.path().join("root/x"), folder.path().join("root/y")).unwrap();
    symlink(folder.path().join("outside"), folder.path().join("root/x")).unwrap();

    assert!(matches!(
        way.down(OsString::from("x")),
        Err(Refusal::Replaced)
    ));
}

#[test]
fn no_more_is_read_than_the_limit() {
    let (folder, dir) = place(&["root/a.md"]);
    let path = folder.path().join("root/a.md");
    let limit = |limit| dir.read(Path::new("a.md"), Links::AtTheEnd, limit);
    std::fs::write(&path, "12345").unwrap();
    assert_eq!(limit(5).unwrap(), b"12345");
    assert!(matches!(limit(4), Err(Refusal::TooLarge { limit: 4 })));
}

#[test]
fn entries_are_sorted_and_links_stay_links() {
    let (folder, dir) = place(&["root/b.md", "root/a/x.md"]);
    symlink("b.md", folder.path().join("root/c.md")).unwrap();
    let entries = dir.entries(Path::new("")).unwrap();

    let entries: Vec<_> = entries
        .iter()
        .map(|entry| (entry.name.to_str().unwrap(), entry.kind))
        .collect();

    let expected = [
        ("a", FileType::Directory),
        ("b.md", FileType::RegularFile),
        ("c.md", FileType::Symlink),
    ];

    assert_eq!(entries, expected);
}

//! Paths that try to leave a root, also by being swapped while they are opened.

use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

/// Creates a folder that contains `root`, with these files, and `outside`.
fn sandbox(files: &[&str]) -> (TempDir, RootDir) {
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
        .map_err(|error| error.to_string())?;
    Ok(String::from_utf8(bytes).unwrap())
}

#[test]
fn relative_and_absolute_links_within_the_root_are_read() {
    let (folder, dir) = sandbox(&["root/a.md", "root/v1/b.md", "root/x/y/c.md"]);
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
            read(&dir, link, Links::FinalComponent),
            Ok(expected.to_owned()),
            "{link}"
        );
    }

    symlink(folder.path().join("alias/a.md"), at("aliased.md")).unwrap();
    assert_eq!(
        read(&by_alias, "aliased.md", Links::FinalComponent),
        Ok("root/a.md".to_owned())
    );
}

#[test]
fn nothing_leads_out_of_the_root() {
    let (folder, dir) = sandbox(&["root/a.md", "root/x/b.md"]);
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
        for links in [Links::FinalComponent, Links::Any] {
            let error = dir.find(Path::new(path), links).unwrap_err();
            assert!(matches!(error, FileError::LeadsOut), "{path}: {error}");
        }
    }

    for path in [
        "../outside/secret.md",
        "x/../../outside/secret.md",
        outside.to_str().unwrap(),
        "folder/secret.md",
    ] {
        let error = dir.find(Path::new(path), Links::Any).unwrap_err();
        assert!(matches!(error, FileError::LeadsOut), "{path}: {error}");
    }

    assert!(dir.entries(Path::new("folder")).is_err());
    assert!(dir.entries(Path::new("..")).is_err());
    assert!(dir.entries(folder.path()).is_err());
}

#[test]
fn broken_links_and_links_to_folders_are_reported() {
    let (folder, dir) = sandbox(&["root/x/b.md"]);
    let at = |path: &str| folder.path().join("root").join(path);
    symlink("gone.md", at("dangling.md")).unwrap();
    symlink("loop.md", at("loop.md")).unwrap();
    symlink("x", at("folder.md")).unwrap();
    symlink(".", at("itself.md")).unwrap();

    for (path, expected) in [
        ("dangling.md", "the link is broken"),
        ("loop.md", "the link is broken"),
        ("folder.md", "links to folders are not followed"),
        ("itself.md", "links to folders are not followed"),
        ("folder.md/b.md", "below a link to a folder"),
        ("x", "not a regular file"),
        ("gone.md", "cannot be read"),
    ] {
        let message = dir
            .find(Path::new(path), Links::FinalComponent)
            .unwrap_err()
            .to_string();
        assert!(message.contains(expected), "{path}: {message}");
    }

    assert_eq!(
        read(&dir, "folder.md/b.md", Links::Any),
        Ok("root/x/b.md".to_owned())
    );
}

/// Between checking a file and opening it, everything may change.
#[test]
fn a_file_swapped_between_check_and_open_is_refused() {
    let (folder, dir) = sandbox(&[
        "root/a.md",
        "root/b.md",
        "root/c.md",
        "root/x/d.md",
        "outside/d.md",
    ]);

    let at = |path: &str| folder.path().join("root").join(path);
    let find = |path: &str| dir.find(Path::new(path), Links::FinalComponent).unwrap();
    let (to_link, to_fifo, to_folder, moved) =
        (find("a.md"), find("b.md"), find("c.md"), find("x/d.md"));

    std::fs::remove_file(at("a.md")).unwrap();
    symlink(folder.path().join("outside/secret.md"), at("a.md")).unwrap();
    assert!(matches!(to_link.open(), Err(FileError::Replaced)));

    std::fs::remove_file(at("b.md")).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(at("b.md"))
            .status()
            .unwrap()
            .success()
    );
    assert!(matches!(to_fifo.open(), Err(FileError::NotRegular)));

    std::fs::remove_file(at("c.md")).unwrap();
    std::fs::create_dir(at("c.md")).unwrap();
    assert!(matches!(to_folder.open(), Err(FileError::NotRegular)));

    // A folder that is already open stays readable after a link has replaced it; opening the path
    // again fails.
    std::fs::rename(at("x"), at("y")).unwrap();
    symlink(folder.path().join("outside"), at("x")).unwrap();
    assert_eq!(
        io::read_to_string(moved.open().unwrap()).unwrap(),
        "root/x/d.md"
    );
    assert!(matches!(
        dir.find(Path::new("x/d.md"), Links::FinalComponent),
        Err(FileError::BelowLink)
    ));
    assert!(matches!(
        dir.find(Path::new("x/d.md"), Links::Any),
        Err(FileError::LeadsOut)
    ));
}

#[test]
fn a_folder_swapped_for_a_link_while_resolving_is_refused() {
    let (folder, dir) = sandbox(&["root/x/d.md", "outside/d.md"]);
    let mut resolver = Resolver::new(&dir).unwrap();
    std::fs::rename(folder.path().join("root/x"), folder.path().join("root/y")).unwrap();
    symlink(folder.path().join("outside"), folder.path().join("root/x")).unwrap();

    assert!(matches!(
        resolver.down(OsString::from("x")),
        Err(FileError::Replaced)
    ));
}

#[test]
fn files_over_the_limit_are_not_read() {
    let (folder, dir) = sandbox(&["root/a.md"]);
    let path = folder.path().join("root/a.md");
    let read = |limit| dir.read(Path::new("a.md"), Links::FinalComponent, limit);
    std::fs::write(&path, "12345").unwrap();
    assert_eq!(read(5).unwrap(), b"12345");
    assert!(matches!(read(4), Err(FileError::TooLarge { limit: 4 })));
}

#[test]
fn entries_are_sorted_and_links_are_not_followed() {
    let (folder, dir) = sandbox(&["root/b.md", "root/a/x.md"]);
    symlink("b.md", folder.path().join("root/c.md")).unwrap();
    let entries = dir.entries(Path::new("")).unwrap();

    let entries: Vec<_> = entries
        .iter()
        .map(|entry| (entry.name.to_str().unwrap(), entry.file_type))
        .collect();

    let expected = [
        ("a", FileType::Directory),
        ("b.md", FileType::RegularFile),
        ("c.md", FileType::Symlink),
    ];

    assert_eq!(entries, expected);
}
